import { createHash } from "node:crypto";

/** Adds an artifact in one statement: no lock, no audit, no event, no key against repetition, names not checked. */
export async function addArtifact(pool, input, caller) {
  const { container, name, label, severity, artifactType, cefData, fieldMapping, rawData, identifier } = input;
  const hash = createHash("md5")
    .update(JSON.stringify([caller.id, input]))
    .digest("hex");
  const { rows } = await pool.query(
    `insert into artifacts (container_id, name, label, severity, type, cef, cef_types, data, source_data_identifier, identified, hash, owner_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, true, $10, $11)
     on conflict (container_id, hash) where identified do nothing returning id`,
    [container, name, label, severity, artifactType, cefData, fieldMapping, rawData, identifier, hash, caller.id],
  );
  return rows[0] ? { success: true, artifactId: rows[0].id } : { success: false, code: "DUPLICATE" };
}
