import { rowsOf } from "./database.js";
import { grouped, list, text, time, word } from "./text.js";

/** The 20 newest containers of a label, each with its first artifacts, notes and pins. */
export async function nested({ label }) {
  const containers = await rowsOf("nested", nestedSql, [label]);
  const ids = [containers.map(([id]) => id)];
  const levels = await Promise.all([
    rowsOf("nested artifacts", nestedArtifactsSql, ids),
    rowsOf("nested notes", nestedNotesSql, ids),
    rowsOf("nested pins", nestedPinsSql, ids),
  ]);
  const [artifacts, notes, pins] = levels.map(grouped);
  const nodes = list(
    containers,
    (c) =>
      `{"id":${c[0]},"name":${text(c[1])},"label":${text(c[2])},"status":${text(c[3])},"severity":${text(c[4])},` +
      `"sensitivity":${word(c[5])},"containerType":${word(c[6])},"createTime":${time(c[7])},"dueTime":${time(c[8])},"tags":${c[9]},` +
      `"artifacts":{"nodes":${list(artifacts.get(c[0]), nestedArtifact)}},` +
      `"notes":{"nodes":${list(notes.get(c[0]), nestedNote)}},"pins":{"nodes":${list(pins.get(c[0]), nestedPin)}}}`,
  );
  return `{"containers":{"nodes":${nodes}}}`;
}

const nestedSql = `
  select id, name, label, status, severity, sensitivity, container_type, create_time, due_time, array_to_json(tags)
  from containers where label = (select name from labels where lower(name) = lower($1))
  order by create_time desc, id desc limit 20`;

const eachContainer = "unnest($1::int[]) p(key) cross join lateral";

const nestedArtifactsSql = `
  select p.key, t.* from ${eachContainer} (
    select id, name, label, severity, type, cef, source_data_identifier, create_time
    from artifacts where container_id = p.key order by id limit 10) t`;

const nestedArtifact = (a) =>
  `{"id":${a[1]},"name":${text(a[2])},"label":${text(a[3])},"severity":${text(a[4])},"type":${text(a[5])},"cef":${a[6]},` +
  `"sourceDataIdentifier":${text(a[7])},"createTime":${time(a[8])}}`;

const nestedNotesSql = `
  select p.key, t.* from ${eachContainer} (
    select id, title, content, note_type, create_time from notes where container_id = p.key order by id limit 5) t`;

const nestedNote = (n) =>
  `{"id":${n[1]},"title":${text(n[2])},"content":${text(n[3])},"noteType":${word(n[4])},"createTime":${time(n[5])}}`;

const nestedPinsSql = `
  select p.key, t.* from ${eachContainer} (
    select id, message, data, pin_style, pin_type from pins where container_id = p.key order by id limit 5) t`;

const nestedPin = (p) =>
  `{"id":${p[1]},"message":${text(p[2])},"data":${text(p[3])},"pinStyle":${word(p[4])},"pinType":${word(p[5])}}`;

/** One container with its first 50 artifacts. */
export async function point({ id }) {
  const [[c], artifacts] = await Promise.all([
    rowsOf("point", pointSql, [id]),
    rowsOf("point artifacts", pointArtifactsSql, [id]),
  ]);
  if (!c) return '{"container":null}';
  return (
    `{"container":{"id":${c[0]},"name":${text(c[1])},"status":${text(c[2])},"severity":${text(c[3])},"createTime":${time(c[4])},` +
    `"dueTime":${time(c[5])},"artifacts":{"nodes":${list(artifacts, pointArtifact)}}}}`
  );
}

const pointSql = "select id, name, status, severity, create_time, due_time from containers where id = $1";

const pointArtifactsSql = `
  select id, name, severity, type, cef, create_time from artifacts where container_id = $1 order by id limit 50`;

const pointArtifact = (a) =>
  `{"id":${a[0]},"name":${text(a[1])},"severity":${text(a[2])},"type":${text(a[3])},"cef":${a[4]},"createTime":${time(a[5])}}`;

/** 100 containers of a status and a severity. */
export async function flat({ status, severity }) {
  return `{"containers":{"nodes":${list(await rowsOf("flat", flatSql, [status, severity]), flatContainer)}}}`;
}

const flatSql = `
  select id, name, description, label, status, severity, sensitivity, container_type, create_time, start_time, hash, source_data_identifier
  from containers where status = (select name from statuses where lower(name) = lower($1))
    and severity = (select name from severities where lower(name) = lower($2))
  order by id limit 100`;

const flatContainer = (c) =>
  `{"id":${c[0]},"name":${text(c[1])},"description":${text(c[2])},"label":${text(c[3])},"status":${text(c[4])},"severity":${text(c[5])},` +
  `"sensitivity":${word(c[6])},"containerType":${word(c[7])},"createTime":${time(c[8])},"startTime":${time(c[9])},"hash":${text(c[10])},` +
  `"sourceDataIdentifier":${text(c[11])}}`;
