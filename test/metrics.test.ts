import { describe, expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";

const { url, token, ask, database } = await openGateway("empty");

async function figures(): Promise<Map<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** Awaits that a figure is one more after what is done: an answer leaves before it is counted. */
async function counts(name: string, work: () => Promise<unknown>): Promise<void> {
  const before = (await figures()).get(name) ?? 0;
  await work();
  await expect.poll(async () => (await figures()).get(name), { message: name }).toBe(before + 1);
}

describe("the metrics", () => {
  test("count requests by route and status, and errors by code", async () => {
    const requests = (status: number) =>
      `http_request_duration_seconds_count{method="POST",route="/graphql",status="${status}"}`;
    await counts(requests(200), () => ask("{ viewer { permissions } }"));
    const wrong = () => ask("{ nothing }");
    await counts(requests(400), wrong);
    await counts('soar_errors_total{code="GRAPHQL_VALIDATION_FAILED"}', wrong);
    const strange = () => fetch(`${url}/graphql`, { method: "POST" });
    await counts('soar_errors_total{code="UNAUTHENTICATED"}', strange);
    await counts('http_request_duration_seconds_count{method="GET",route="none",status="404"}', () =>
      fetch(`${url}/x/${Math.random()}`),
    );
  });

  test("tell of the process, its connections and the event feed", async () => {
    const now = await figures();
    for (const name of ["process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds"])
      expect(now.get(name), name).toBeGreaterThan(0);
    expect(now.get('soar_database_connections{state="idle"}')).toBeGreaterThan(0);
    expect(now.get("soar_feed_alive")).toBe(1);
    const stop = new AbortController();
    const follow = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const query = encodeURIComponent("subscription { containerEvents { cursor } }");
      await fetch(`${url}/graphql/stream?query=${query}`, { headers, signal: stop.signal });
    };
    await counts("soar_live_connections", follow);
    stop.abort();
    await expect.poll(async () => (await figures()).get("soar_live_connections")).toBe(0);
  });

  test("tell what waits for workers, and for how long it has", async () => {
    await database.pool.query(`
      with app as (insert into apps (appid, name, connector) values (gen_random_uuid(), 'here', gen_random_uuid()) returning id),
        outside as (insert into apps (appid, name) values (gen_random_uuid(), 'outside') returning id),
        box as (insert into containers (name, label, severity, status, tenant_id, source_data_identifier, hash)
          values ('c', 'events', 'low', 'new', 0, 'x', 'x') returning id),
        run as (insert into action_runs (container_id, action, name) select id, 'a', 'a' from box returning id, container_id)
      insert into app_runs (action_run_id, container_id, app_id, action, claim_time)
        select run.id, run.container_id, app.id, 'a', now() - interval '60 seconds' from run, app union all
        select run.id, run.container_id, outside.id, 'a', now() - interval '900 seconds' from run, outside`);
    const now = await figures();
    expect(now.get('soar_app_runs{status="pending"}')).toBe(2);
    expect(now.get("soar_app_run_wait_seconds")).toBeGreaterThanOrEqual(60);
    expect(now.get("soar_app_run_wait_seconds")).toBeLessThan(120);
    expect(now.get('soar_processes{service="gateway"}')).toBe(1);
    expect(now.get("soar_store_up")).toBe(1);
  });

  test("are there without the store, and say so", async () => {
    await database.pool.query("alter table outbox rename to hidden");
    const now = await figures();
    await database.pool.query("alter table hidden rename to outbox");
    expect(now.get("soar_store_up")).toBe(0);
    expect([...now.keys()].filter((name) => /soar_(outbox|app_run|processes)/.test(name))).toEqual([]);
    expect((await figures()).get("soar_outbox_events")).toBe(0);
  });

  test("are told to callers of this machine, and to others with a token", async () => {
    const forwarded = { "x-forwarded-for": "192.0.2.1" };
    const answers: Record<string, string>[] = [
      forwarded,
      { forwarded: "for=192.0.2.1" },
      { ...forwarded, authorization: `Bearer ${token}` },
    ];
    const statuses = await Promise.all(
      answers.map(async (headers) => (await fetch(`${url}/metrics`, { headers })).status),
    );
    expect(statuses).toEqual([401, 401, 200]);
  });
});
