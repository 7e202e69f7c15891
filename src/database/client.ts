import pg from "pg";
import { StartError } from "../errors.js";

/** A client for what is done before or beside serving, which cannot be done without the database. */
export async function connect(connection: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ connectionTimeoutMillis: 10_000, ...connection });
  // What is running learns of a lost connection by itself; unheard, the event would end the process.
  client.on("error", () => {});
  await client.connect().catch((error: Error) => {
    throw new StartError(`The database cannot be reached: ${error.message || error.name}`);
  });
  return client;
}
