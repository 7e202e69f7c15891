/** Postgres' text as JSON text. */

const toEscape = /["\\\u0000-\u001f]/;

export function text(cell) {
  if (cell === null) return "null";
  return toEscape.test(cell) ? JSON.stringify(cell) : `"${cell}"`;
}

/** Words of the database are written in capitals. */
export const word = (cell) => `"${cell.toUpperCase()}"`;

/** `2020-11-05 21:39:22.048641+00` as `2020-11-05T21:39:22.048641Z`; Postgres leaves trailing zeros out. */
export function time(cell) {
  if (cell === null) return "null";
  if (cell.length === 29) return `"${cell.slice(0, 10)}T${cell.slice(11, 26)}Z"`;
  return `"${cell.slice(0, 10)}T${cell.slice(11, 19)}.${cell.slice(20, -3).padEnd(6, "0")}Z"`;
}

/** Rows, each made into text by `write`, as a list. */
export function list(rows, write) {
  if (rows === undefined) return "[]";
  let json = "[";
  for (let index = 0; index < rows.length; index++) json += (index ? "," : "") + write(rows[index]);
  return `${json}]`;
}

/** Rows by their first cell. */
export function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(row[0]);
    if (group) group.push(row);
    else groups.set(row[0], [row]);
  }
  return groups;
}
