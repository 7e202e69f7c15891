export const labels = [
  "events",
  "incident",
  "phishing",
  "malware",
  "intrusion",
  "fraud",
  "data loss",
  "policy",
  "vulnerability",
  "denial of service",
];
export const statuses = ["new", "open", "closed"];

/**
 * Fills the tables with the same rows in every run. Half of the artifacts are spread evenly, the other half belongs to
 * every tenth container; some texts need escaping in JSON.
 */
export async function seed(client, { containers, artifacts, notes, pins }) {
  await client.query("insert into labels (name) select unnest($1::text[]) on conflict do nothing", [labels]);
  await client.query(containersSql, [containers, labels, statuses]);
  const each = Math.floor(artifacts / containers / 2);
  await client.query(artifactsSql, [containers, each, each * 11]);
  await client.query(notesSql, [containers, Math.floor(notes / containers)]);
  await client.query(pinsSql, [containers, Math.floor(pins / containers)]);
}

const containersSql = `
  insert into containers (name, description, label, status, severity, sensitivity, owner_id, create_time, start_time, due_time,
    artifact_update_time, container_update_time, hash, source_data_identifier, tags)
  select 'Alert ' || n || case when n % 13 = 0 then E': "C:\\\\temp" – Zürich 東京 😀' else ': unusual sign-in' end,
    'Raised by rule ' || n % 40 || ' of the mail gateway.', ($2::text[])[n / 3 % cardinality($2::text[]) + 1],
    ($3::text[])[n / 10 % 3 + 1], (array['high', 'medium', 'low'])[n / 30 % 3 + 1],
    (array['red', 'amber', 'green', 'white'])[n % 4 + 1]::sensitivity, 1, t, t - interval '5 minutes',
    case when n % 5 > 0 then t + interval '1 day' end, t, t, md5('container ' || n), 'source-' || n,
    case when n % 3 > 0 then array['tier' || n % 3, 'team "blue"'] else '{}' end
  from generate_series(1, $1::int) n, lateral (select timestamptz '2026-01-01 00:00Z' + n * interval '61.000130 seconds') moment(t)`;

const artifactsSql = `
  insert into artifacts (container_id, name, label, severity, type, cef, cef_types, data, tags, source_data_identifier, identified,
    hash, create_time, update_time, start_time)
  select c, 'Artifact ' || k || case when k % 7 = 0 then E' \\t"attachment"\\n' else ' of the alert' end, 'event',
    (array['high', 'medium', 'low'])[k % 3 + 1], case when k % 4 > 0 then 'network' end,
    json_build_object('sourceAddress', '10.' || c % 256 || '.' || k % 256 || '.1', 'destinationAddress', '192.0.2.' || c % 256,
      'destinationPort', 443, 'fileHash', md5(c || '/' || k), 'requestURL', 'https://example.com/' || c || '/' || k,
      'deviceAction', 'blocked', 'message', 'Zugriff verweigert: "' || k || '"'),
    '{"fileHash": ["md5"]}', json_build_object('line', k), array['tag' || k % 20], 'artifact-' || k, true,
    md5('artifact ' || c || '/' || k), t, t, t
  from generate_series(1, $1::int) c, generate_series(1, case when c % 10 = 0 then $3::int else $2::int end) k,
    lateral (select timestamptz '2026-01-01 00:00Z' + c * interval '61 seconds' + k * interval '10.001 milliseconds') moment(t)`;

const notesSql = `
  insert into notes (container_id, title, content, author_id, create_time)
  select c, 'Finding ' || k, E'## Finding\\nThe sender is "known".\\n' || repeat('It was seen before. ', 5 + k), 1,
    timestamptz '2026-02-01 00:00Z' + c * interval '7 seconds'
  from generate_series(1, $1::int) c, generate_series(1, $2::int) k`;

const pinsSql = `
  insert into pins (container_id, name, message, data, pin_type, pin_style, author_id)
  select c, 'pin ' || k, 'Verdict', 'score ' || k * 10, (array['card', 'data'])[k % 2 + 1]::pin_type,
    (array['grey', 'blue', 'red'])[k % 3 + 1]::pin_style, 1
  from generate_series(1, $1::int) c, generate_series(1, $2::int) k`;
