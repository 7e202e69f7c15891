/*
 * Measures the widgets of the home page and writes their part of RESULTS.md: how long each takes on a large database, as
 * callers see it.
 */
import { growDatabase } from "../../dist/sample/grow.js";
import { startContender } from "../contenders.js";
import { startDatabase } from "../database.js";
import { cleanUp, measurePart } from "../part.js";
import { median } from "../report.js";
import { token } from "../settings.js";
import { report } from "./report.js";

/** More than a hundred thousand containers, so that half a million app runs come of them. */
const [containers, artifactsEach] = [115_000, 9];
const samples = 15;
const day = 24 * 60 * 60_000;

async function bench() {
  const grow = async (client, connection) => {
    await growDatabase(connection, { containers, artifactsEach, report: showProgress });
    await client.query(grantedCaller, [`${token}-granted`]);
  };
  const database = await startDatabase(grow, cleanUp);
  const server = await startContender("ours", database, cleanUp);
  const ask = asker(new URL("/rest/widget_data", server.url));
  const names = Object.keys(JSON.parse(await ask("", token)));
  const rows = [];
  for (const name of names) {
    const windows = {};
    for (const days of (await takesWindow(ask, name)) ? [7, 30, 365] : [7])
      windows[days] = await times(() => ask(pathOf(name, days), token));
    rows.push({ name, windows, granted: await times(() => ask(pathOf(name, 7), `${token}-granted`)) });
  }
  const all = await times(() => ask("", token));
  return { rows, all, samples, counts: await database.counts(), postgres: database.version };
}

function showProgress({ done, of }) {
  if (done % 10_000 === 0) console.log(`${done} of ${of} containers`);
}

/** Somebody who sees the containers of one label alone: half of them. */
const grantedCaller = `
  with role as (insert into roles (name, permissions) values ('one label', '{containers:view,cases:view,playbooks:view}') returning id),
    granted as (insert into role_labels select role.id, labels.id from role, labels where name = 'events'),
    caller as (insert into users (username) values ('granted') returning id),
    holds as (insert into user_roles select caller.id, role.id from caller, role)
  insert into tokens (user_id, hash) select id, encode(sha256($1::text::bytea), 'hex') from caller`;

function pathOf(name, days) {
  if (days === 7) return `/${name}`;
  const end = Date.now();
  const [start_time, end_time] = [end - days * day, end].map((time) => new Date(time).toISOString());
  return `/${name}?${new URLSearchParams({ start_time, end_time })}`;
}

const asker = (url) => async (path, by) => {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${by}` } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${text}`);
  return text;
};

const takesWindow = (ask, name) =>
  ask(pathOf(name, 30), token).then(
    () => true,
    () => false,
  );

/** Milliseconds of some requests, one after the other: the middle and the slowest one. */
async function times(ask) {
  const taken = [];
  for (let sample = -2; sample < samples; sample++) {
    const begun = performance.now();
    await ask();
    if (sample >= 0) taken.push(performance.now() - begun);
  }
  return { p50: median(taken), slowest: Math.max(...taken) };
}

await measurePart("Widgets", async () => report(await bench()));
