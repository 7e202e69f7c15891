import { createHash } from "node:crypto";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: "-c TimeZone=UTC" });
const types = { getTypeParser: () => (text) => text };

/** Runs a prepared statement; its rows are arrays of Postgres' text. */
export async function rowsOf(name, text, values) {
  return (await pool.query({ name, text, values, rowMode: "array", types })).rows;
}

/** The user a token stands for, refused unless they may see and edit containers. */
export async function callerOf(token) {
  const hash = createHash("sha256").update(token).digest("hex");
  const [row] = await rowsOf("caller", callerSql, [hash]);
  if (!row) throw new Error("The token is unknown.");
  if (row[1] !== "2") throw new Error("The caller may not do this.");
  return row[0];
}

const callerSql = `
  select u.id, (select count(distinct permission) from user_roles ur join roles r on r.id = ur.role_id and not r.disabled,
    unnest(r.permissions) permission where ur.user_id = u.id and permission in ('containers:view', 'containers:edit'))
  from tokens t join users u on u.id = t.user_id and u.is_active
  where t.hash = $1 and t.revoke_time is null and (t.expire_time is null or t.expire_time > now())`;
