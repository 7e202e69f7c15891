import type pg from "pg";
import { StartError } from "../errors.js";
import { connect } from "./client.js";
import { connections } from "./pools.js";

/** Connections that are left to others: gateways, administrators, backups. */
const leftToOthers = 10;

const names = ["fsync", "full_page_writes", "synchronous_commit", "max_connections"] as const;

type Settings = Record<(typeof names)[number], string>;

/** Refuses a Postgres that may lose what it has confirmed (unless that is accepted), or has too few connections. */
export async function refuseUnsafe(connection: pg.ClientConfig, acceptDataLoss: boolean): Promise<void> {
  const client = await connect(connection);
  try {
    const { rows } = await client.query<Settings>(
      `select ${names.map((name) => `current_setting('${name}') as ${name}`)}`,
    );
    assertSafe(rows[0]!, acceptDataLoss);
  } finally {
    await client.end();
  }
}

export function assertSafe(settings: Settings, acceptDataLoss: boolean): void {
  if (!acceptDataLoss) refuseForgetful(settings);
  refuseCrowded(settings);
}

function refuseForgetful({ fsync, full_page_writes, synchronous_commit }: Settings): void {
  const off = Object.entries({ fsync, full_page_writes, synchronous_commit }).filter(([, value]) => value === "off");
  if (off.length === 0) return;
  const names = off.map(([name]) => `${name} = off`).join(", ");
  throw new StartError(
    `Postgres runs with ${names}: after a crash it would have lost changes that callers were told are done. Turn it on, or set ACCEPT_DATA_LOSS=true for a trial.`,
  );
}

function refuseCrowded({ max_connections }: Settings): void {
  const wanted = Object.values(connections).reduce((sum, most) => sum + most, 0);
  if (wanted + leftToOthers <= Number(max_connections)) return;
  throw new StartError(
    `Postgres allows ${max_connections} connections; this gateway takes up to ${wanted} and leaves ${leftToOthers} to others: set max_connections to ${wanted + leftToOthers} or more.`,
  );
}
