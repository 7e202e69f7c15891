/** Whether a number as it is written in JSON or GraphQL has a value that JavaScript and JSON give back. 1.50 is 1.5, and -0 is 0. */
export function isExact(written: string): boolean {
  if (written.length < 16 && !/[eE]/.test(written)) return true;
  const kept = Number(written);
  return Number.isFinite(kept) && normal(written) === normal(String(kept));
}

const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Sign, digits without zeros around them, and the power of ten of the last one. */
function normal(written: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] = parts.exec(written) ?? [];
  const all = whole + fraction;
  let [start, end] = [0, all.length];
  while (all[start] === "0") start++;
  while (end > start && all[end - 1] === "0") end--;
  if (start === end) return "0";
  return `${sign}${all.slice(start, end)}e${Number(exponent) - fraction.length + (all.length - end)}`;
}
