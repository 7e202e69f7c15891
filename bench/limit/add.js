import { createHash } from "node:crypto";
import { rowsOf } from "./database.js";

/** Adds an artifact in one statement: no lock, no audit, no event, no key against repetition, names not checked. */
export async function addArtifact({ input }, caller) {
  const { container, name, label, severity, artifactType, cefData, fieldMapping, rawData, identifier } = input;
  const hash = createHash("md5").update(caller).update(JSON.stringify(input)).digest("hex");
  const [row] = await rowsOf("add", addSql, [
    container,
    name,
    label,
    severity,
    artifactType,
    JSON.stringify(cefData),
    JSON.stringify(fieldMapping),
    JSON.stringify(rawData),
    identifier,
    hash,
    caller,
  ]);
  if (!row) return '{"addArtifact":{"success":false,"code":"DUPLICATE","artifactId":null}}';
  return `{"addArtifact":{"success":true,"code":null,"artifactId":${row[0]}}}`;
}

const addSql = `
  insert into artifacts (container_id, name, label, severity, type, cef, cef_types, data, source_data_identifier, identified, hash, owner_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, true, $10, $11)
  on conflict (container_id, hash) where identified do nothing returning id`;
