/*
 * What one gets by following a tutorial: Apollo's standalone server, plain resolvers, one statement per parent.
 */
import { createHash } from "node:crypto";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import pg from "pg";
import { addArtifact } from "./add.js";
import { typeDefs } from "./types.js";

// Times as the API writes them; the default would lose their microseconds.
pg.types.setTypeParser(
  pg.types.builtins.TIMESTAMPTZ,
  (text) => `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(6, "0")}Z`,
);

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: "-c TimeZone=UTC" });

const container = `id, name, description, label, status, severity, sensitivity, container_type as "containerType", create_time as "createTime",
  start_time as "startTime", due_time as "dueTime", hash, source_data_identifier as "sourceDataIdentifier", tags`;
const artifact = `id, name, label, severity, type, cef, source_data_identifier as "sourceDataIdentifier", create_time as "createTime"`;
const note = `id, title, content, note_type as "noteType", create_time as "createTime"`;
const pin = `id, message, data, pin_style as "pinStyle", pin_type as "pinType"`;

async function containers(_, { first, filter, orderBy }) {
  const [wanted, values] = [[], []];
  for (const [column, { eq }] of Object.entries(filter)) wanted.push(`${column} = $${values.push(eq)}`);
  const order = orderBy ? "create_time desc, id desc" : "id";
  const { rows } = await pool.query(
    `select ${container} from containers where ${wanted.join(" and ")} order by ${order} limit $${values.push(first)}`,
    values,
  );
  return { nodes: rows };
}

async function containerById(_, { id }) {
  const { rows } = await pool.query(`select ${container} from containers where id = $1`, [id]);
  return rows[0];
}

/** The list of a container's rows in another table. */
function belonging(table, columns) {
  return async ({ id }, { first }) => {
    const { rows } = await pool.query(`select ${columns} from ${table} where container_id = $1 order by id limit $2`, [
      id,
      first,
    ]);
    return { nodes: rows };
  };
}

async function callerOf(token) {
  const hash = createHash("sha256").update(token).digest("hex");
  const { rows } = await pool.query(
    `select u.id, array(select distinct unnest(r.permissions) from user_roles ur join roles r on r.id = ur.role_id
       where ur.user_id = u.id and not r.disabled) as permissions
     from tokens t join users u on u.id = t.user_id and u.is_active
     where t.hash = $1 and t.revoke_time is null and (t.expire_time is null or t.expire_time > now())`,
    [hash],
  );
  if (!rows[0]?.permissions.includes("containers:edit")) throw new Error("The caller may not do this.");
  return rows[0];
}

/** Words of the database are written in capitals. */
const words = (...list) => Object.fromEntries(list.map((word) => [word.toUpperCase(), word]));

const resolvers = {
  Sensitivity: words("red", "amber", "green", "white"),
  ContainerType: words("default", "case"),
  NoteType: words("general", "artifact", "task"),
  PinStyle: words("grey", "blue", "red", "white", "purple"),
  PinType: words("card", "data", "card_small", "card_medium", "card_large"),
  Query: { containers, container: containerById },
  Container: {
    artifacts: belonging("artifacts", artifact),
    notes: belonging("notes", note),
    pins: belonging("pins", pin),
  },
  Mutation: { addArtifact: (_, { input }, { caller }) => addArtifact(pool, input, caller) },
};

const { url } = await startStandaloneServer(new ApolloServer({ typeDefs, resolvers }), {
  listen: { port: Number(process.env.PORT), host: process.env.HOST },
  context: async ({ req }) => ({ caller: await callerOf(req.headers.authorization.slice("Bearer ".length)) }),
});
console.log(`${url}graphql`);
