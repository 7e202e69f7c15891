import { createHash } from "node:crypto";
import pg from "pg";

/** Lets a connection keep every statement with parameters prepared, whichever library sends it. */
export function keepPrepared(client: pg.PoolClient, names: StatementNames): void {
  const send = (...words: unknown[]) => Reflect.apply(pg.Client.prototype.query, client, words);
  client.query = ((first: unknown, ...rest: unknown[]) => {
    const query = first as pg.QueryConfig;
    return typeof query === "object" && typeof query.text === "string"
      ? send({ ...query, name: query.name ?? names.of(query.text) }, ...rest)
      : send(first, ...rest);
  }) as typeof client.query;
}

/**
 * Names under which connections keep statements prepared. A connection keeps them for as long as it lives, so long ones
 * and those of ad-hoc shape beyond the first thousand go unnamed.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();

  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known || text.length > 20_000 || this.#names.size >= 1000) return known;
    const name = createHash("md5").update(text).digest("base64url");
    this.#names.set(text, name);
    return name;
  }
}
