import type { SQL } from "drizzle-orm";
import pg from "pg";
import { asText, optionsOf, session, type TextRow, textOf } from "./session.js";

/** A connection of its own, to listen and to read by. */
export interface Connection {
  read(statement: SQL): Promise<TextRow[]>;
  /** Calls `heard` at every notification on a channel, and when the connection is lost. */
  listen(channel: string, heard: () => void): Promise<void>;
  close(): void;
}

/** Opens a connection that shares nothing with others and soon fails where it could hang; Postgres shows what it is for. */
export async function connectAlone(connection: pg.PoolConfig, purpose: string): Promise<Connection> {
  const client = new pg.Client({
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
    keepAlive: true,
    options: optionsOf(session),
    application_name: `soar-graphql ${purpose}`,
    ...connection,
  });
  // What waits for an answer learns of a lost connection by itself; unheard, the event would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
  return {
    read: async (statement) => {
      const query: pg.QueryArrayConfig = { ...textOf(statement), rowMode: "array", types: asText };
      return (await client.query(query)).rows;
    },
    listen: async (channel, heard) => {
      client.on("notification", heard);
      client.on("end", heard);
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    },
    close: () => {
      client.end().catch(() => {});
    },
  };
}
