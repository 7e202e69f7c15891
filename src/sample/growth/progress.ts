import type { WriteStream } from "node:tty";

/** How far a long piece of work is. */
export interface Progress {
  done: number;
  of: number;
  /** What it has made so far, in words. */
  made: string;
  seconds: number;
}

/** Shows progress: on a terminal one line that is written anew, elsewhere a plain line at every tenth. */
export function showProgress(output: Pick<WriteStream, "write" | "isTTY">): (progress: Progress) => void {
  let tenth = 0;
  return (progress) => {
    const { done, of } = progress;
    if (output.isTTY) {
      output.write(`\r\x1b[2K${bar(done / of)} ${sentence(progress)}${done === of ? "\n" : ""}`);
      return;
    }
    const reached = Math.floor((10 * done) / of);
    if (reached > tenth) output.write(`${sentence(progress)}\n`);
    tenth = reached;
  };
}

function sentence({ done, of, made, seconds }: Progress): string {
  const left = done === of ? `in ${time(seconds)}` : `${time((seconds / done) * (of - done))} left`;
  return `${done} of ${of} containers, ${made}, ${left}`;
}

const bar = (part: number) => `[${"#".repeat(Math.floor(30 * part)).padEnd(30, ".")}]`;

const time = (seconds: number) =>
  seconds < 60 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
