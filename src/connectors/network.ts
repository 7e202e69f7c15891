import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { readAddress } from "./addresses.js";

/*
 * What every talk with another machine is bound by: a time, a size, an end when the action is ended, and failures told in
 * words.
 */

const maxSeconds = 3600;

/** Talks with somebody for so many seconds at most; the signal given to the talk ends with the job's or with the time. */
export async function within<T>(
  seconds: number,
  whom: string,
  signal: AbortSignal,
  talk: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  if (!(seconds > 0 && seconds <= maxSeconds))
    throw new Error(`The setting "timeout" must be above 0 and at most ${maxSeconds} seconds, is ${seconds}.`);
  const time = AbortSignal.timeout(seconds * 1000);
  const either = AbortSignal.any([signal, time]);
  try {
    return await Promise.race([talk(either), end(either)]);
  } catch (error) {
    if (signal.aborted) throw new Error(`The action was ended before ${whom} had answered.`);
    if (time.aborted) throw new Error(`${whom} did not answer within ${seconds} seconds.`);
    throw inWords(error, whom);
  }
}

function end(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** A connection, once it is there; it is cut when the signal ends. */
export async function connect(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = createConnection({ host, port, signal });
  // Whoever reads from it is told; but an error nobody waits for would end the process.
  socket.on("error", () => {});
  await once(socket, "connect", { signal });
  return socket;
}

/** The address of a host that somebody we do not trust has named; refused when it is none of the public internet. */
export async function publicAddress(host: string): Promise<string> {
  const { address } = await lookup(host);
  const { range } = readAddress(address);
  if (range) throw new Error(`${host} is not on the public internet: its address ${address} is ${range}.`);
  return address;
}

/** All that comes, up to so many bytes. */
export async function readAtMost(limit: number, whom: string, chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw new Error(`${whom} answers with more than ${limit} bytes.`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** Bytes as text: UTF-8, or where they are none, Latin-1. */
export function asText(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}

const words: Record<string, string> = {
  ECONNREFUSED: "refuses connections",
  ECONNRESET: "broke off the connection",
  EPIPE: "broke off the connection",
  UND_ERR_SOCKET: "broke off the connection",
  ENOTFOUND: "is a name without an address",
  EAI_AGAIN: "is a name that cannot be looked up now",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  ETIMEDOUT: "does not answer",
};

function inWords(error: unknown, whom: string): Error {
  const { code, cause, message } = error as Error & { code?: string };
  if (code && Object.hasOwn(words, code)) return new Error(`${whom} ${words[code]}.`);
  if (code?.startsWith("HPE_")) return new Error(`${whom} does not answer in HTTP.`);
  if (cause instanceof Error) return inWords(cause, whom);
  return code ? new Error(`${whom}: ${message}`) : (error as Error);
}
