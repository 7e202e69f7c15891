import { type SQL, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { containers } from "../schema/container.js";
import type { Exposed } from "../schema/expose.js";
import type { Permission } from "./permissions.js";
import type { Caller } from "./who.js";

/**
 * The condition under which a row of `type`, read under the name `table`, is shown to a caller; undefined: always. This
 * is the one place that decides it, every read adds it to its statement. What belongs to a container is seen by whoever
 * sees the container, what belongs to an area of permissions by whoever may view the area.
 */
export function visible(type: Exposed, _table: PgTable, caller: Caller): SQL | undefined {
  const inContainer = type.table === containers || "containerId" in type.table;
  const areas = [type.area, inContainer ? "containers" : undefined].filter((area) => area !== undefined);
  const allowed = areas.every((area) => caller.permissions.has(`${area}:view` as Permission));
  return allowed ? undefined : sql`false`;
}
