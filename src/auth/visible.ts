import { and, type SQL, sql } from "drizzle-orm";
import { alias, type PgTable } from "drizzle-orm/pg-core";
import { containers } from "../schema/container.js";
import { columnOf, type Exposed, type Source } from "../schema/expose.js";
import { labels } from "../schema/label.js";
import { tenants } from "../schema/tenant.js";
import { tokens } from "../schema/token.js";
import type { Permission } from "./permissions.js";
import type { Caller } from "./who.js";

/*
 * The one place that decides what a caller is shown. Every read adds it to its statement, so that nested objects, filters,
 * counts and cursors obey it too.
 */

const nothing = sql`false`;

/** The condition under which a row of `type`, read under the name `table`, is shown to a caller; undefined: always. */
export function visible(type: Exposed, table: PgTable, caller: Caller): SQL | undefined {
  if (type.area && !mayView(type.area, caller)) return nothing;
  if (type.table === containers) return containerVisible(table, caller);
  if ("containerId" in type.table) return insideVisible(table, caller);
  if (type.table === labels) return granted(sql`lower(${columnOf(table, "name")})`, caller.labels, "text");
  if (type.table === tenants) return granted(sql`${columnOf(table, "id")}`, caller.tenants, "int");
  if (type.table === tokens && !mayView("users", caller)) return sql`${columnOf(table, "userId")} = ${caller.id}`;
  return undefined;
}

/** Whether a field of a visible row is told to a caller. */
export function readable(source: Source | undefined, caller: Caller): boolean {
  const area = source && "area" in source ? source.area : undefined;
  return area === undefined || mayView(area, caller);
}

const mayView = (area: string, { permissions }: Caller) => permissions.has(`${area}:view` as Permission);

function containerVisible(table: PgTable, caller: Caller): SQL | undefined {
  if (!mayView("containers", caller)) return nothing;
  return and(
    granted(sql`lower(${columnOf(table, "label")})`, caller.labels, "text"),
    granted(sql`${columnOf(table, "tenantId")}`, caller.tenants, "int"),
    mayView("cases", caller) ? undefined : sql`${columnOf(table, "containerType")} <> 'case'`,
  );
}

/** What belongs to a container is seen by whoever sees the container. */
function insideVisible(table: PgTable, caller: Caller): SQL | undefined {
  const container = alias(containers, "own");
  const condition = containerVisible(container, caller);
  if (!condition || condition === nothing) return condition;
  return sql`exists (select from ${containers} own where ${container.id} = ${columnOf(table, "containerId")} and ${condition})`;
}

/** Without grants of a kind everything of it is seen, with some nothing else. */
function granted(value: SQL, grants: readonly unknown[] | undefined, type: "text" | "int"): SQL | undefined {
  return grants && sql`${value} = any(${sql.param(grants)}::${sql.raw(type)}[])`;
}
