/** What the environment can change. */
export const sizes = {
  containers: whole("BENCH_CONTAINERS", 10_000),
  artifacts: whole("BENCH_ARTIFACTS", 200_000),
  notes: whole("BENCH_NOTES", 50_000),
  pins: whole("BENCH_PINS", 20_000),
};

export const rounds = whole("BENCH_ROUNDS", 5);
export const seconds = whole("BENCH_SECONDS", 3);
export const connections = 16;

/** Every contender takes this token and looks it up in the database at each request. */
export const token = "bench-token-0123456789";

function whole(name, otherwise) {
  const number = Number(process.env[name] || otherwise);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`${name} is ${JSON.stringify(process.env[name])}; it takes a whole number above 0.`);
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
