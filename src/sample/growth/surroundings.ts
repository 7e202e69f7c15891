import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Writer } from "../../database/pools.js";
import { appActions, apps, assets } from "../../schema/app.js";
import { labels } from "../../schema/label.js";
import { playbooks } from "../../schema/playbook.js";
import { severities } from "../../schema/severity.js";
import { statuses } from "../../schema/status.js";
import { tenants } from "../../schema/tenant.js";
import { roles, users } from "../../schema/user.js";

/** What containers refer to: the names and numbers that the database has. */
export interface Surroundings {
  labels: string[];
  /** The worst first. */
  severities: string[];
  statuses: Record<"new" | "open" | "resolved", string[]>;
  people: number[];
  roles: number[];
  tenants: number[];
  playbooks: number[];
  tools: Tool[];
}

/** An action that an app offers, and where it can run. */
export interface Tool {
  action: string;
  type: string;
  appId: number;
  appName: string;
  appVersion: string;
  assets: number[];
}

/** Reads what there is; playbooks and an app are added where there are none. */
export async function surroundings(writer: Writer): Promise<Surroundings> {
  await ensureTools(writer);
  const names = async (table: PgTable & { name: PgColumn; disabled: PgColumn }, order: SQL | PgColumn) =>
    (
      await writer
        .select({ name: table.name })
        .from(table as PgTable)
        .where(eq(table.disabled, false))
        .orderBy(order)
    ).map(({ name }) => name as string);
  const ids = async (table: PgTable & { id: PgColumn }, where: SQL | undefined) =>
    (
      await writer
        .select({ id: table.id })
        .from(table as PgTable)
        .where(where)
        .orderBy(table.id)
    ).map(({ id }) => id as number);
  const stages = await writer
    .select({ name: statuses.name, stage: statuses.statusType })
    .from(statuses)
    .where(eq(statuses.disabled, false))
    .orderBy(statuses.order);
  return {
    labels: await names(labels, labels.id),
    severities: await names(severities, severities.order),
    statuses: {
      new: stages.filter(({ stage }) => stage === "new").map(({ name }) => name),
      open: stages.filter(({ stage }) => stage === "open").map(({ name }) => name),
      resolved: stages.filter(({ stage }) => stage === "resolved").map(({ name }) => name),
    },
    people: await ids(users, and(users.isActive, inArray(users.type, ["normal", "ldap", "openid", "saml2"]))),
    roles: await ids(roles, eq(roles.disabled, false)),
    tenants: await ids(tenants, eq(tenants.disabled, false)),
    playbooks: await ids(playbooks, undefined),
    tools: await tools(writer),
  };
}

function tools(writer: Writer): Promise<Tool[]> {
  return writer
    .select({
      action: appActions.action,
      type: appActions.type,
      appId: apps.id,
      appName: apps.name,
      appVersion: apps.appVersion,
      assets: sql<number[]>`array(select ${assets.id} from ${assets} where ${assets.appId} = ${apps.id} order by 1)`,
    })
    .from(appActions)
    .innerJoin(apps, eq(apps.id, appActions.appId))
    .orderBy(appActions.id);
}

async function ensureTools(writer: Writer): Promise<void> {
  const [known] = await writer.select({ id: playbooks.id }).from(playbooks).limit(1);
  if (!known) {
    const names = ["investigate_address", "investigate_file", "contain_host"];
    await writer.insert(playbooks).values(names.map((name) => ({ name, description: "Made to fill the database." })));
  }
  if ((await tools(writer)).length) return;
  const [app] = await writer
    .insert(apps)
    .values({ appid: "00000000-0000-4000-8000-67726f776e21", name: "Measurement", type: "reputation" })
    .returning({ id: apps.id });
  const appId = app!.id;
  await writer.insert(assets).values(["measurement-east", "measurement-west"].map((name) => ({ name, appId })));
  await writer.insert(appActions).values(
    ["geolocate ip", "ip reputation", "file reputation", "whois domain"].map((action) => ({
      appId,
      action,
      identifier: action.replace(" ", "_"),
      type: "investigate",
    })),
  );
}
