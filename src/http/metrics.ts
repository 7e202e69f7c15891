import { sql } from "drizzle-orm";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { collectDefaultMetrics, Gauge, Histogram, Registry, register } from "prom-client";
import { isAmong } from "../auth/addresses.js";
import type { Gate } from "../auth/gate.js";
import type { Database } from "../database/pools.js";
import type { Feed } from "../events/feed.js";
import type { Connections } from "./connections.js";
import { inTime } from "./health.js";

collectDefaultMetrics();

const requests = new Histogram({
  name: "http_request_duration_seconds",
  help: "How long requests took, event streams not counted.",
  labelNames: ["method", "route", "status"],
  buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});

/** What the metrics look at. */
interface Watched {
  database: Database;
  feed: Feed;
  connections: Connections;
  gate: Gate;
}

/** Serves figures for Prometheus at `/metrics`: of this process, and of what waits in the store for any of them. */
export function serveMetrics(app: FastifyInstance, { database, feed, connections, gate }: Watched): void {
  const own = new Registry();
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `soar_${name}`, help, labelNames, registers: [own] });
  const pool = gauge("database_connections", "Connections to the database for requests.", "state");
  const waiting = gauge("database_waiting", "Requests that wait for a connection to the database.");
  const live = gauge("live_connections", "WebSockets and event streams that are open.");
  const alive = gauge("feed_alive", "1 while events are read.");
  const position = gauge("feed_position", "The place of the last event that this gateway has.");
  const store = gauge(
    "store_up",
    "1 when the store told the figures below, which it has for all gateways and workers.",
  );
  const outbox = gauge("outbox_events", "Events that were committed and have no place in the log yet.");
  const appRuns = gauge("app_runs", "App runs that have not ended.", "status");
  const overdue = gauge(
    "app_run_wait_seconds",
    "For how long the app run that waits longest has been due to a worker.",
  );
  const processes = gauge("processes", "Processes that were heard of in the last minute and a half.", "service");

  const look = async () => {
    const { idleCount, totalCount, waitingCount } = database.pool;
    pool.set({ state: "idle" }, idleCount);
    pool.set({ state: "busy" }, totalCount - idleCount);
    waiting.set(waitingCount);
    live.set(connections.size);
    alive.set(feed.alive ? 1 : 0);
    position.set(feed.tail.head);
    const figures = await figuresOf(database);
    store.set(figures ? 1 : 0);
    for (const labelled of [appRuns, processes]) labelled.reset();
    for (const plain of [outbox, overdue]) plain.remove();
    if (!figures) return;
    outbox.set(figures.outbox);
    overdue.set(figures.overdue);
    for (const [status, count] of Object.entries(figures.appRuns)) appRuns.set({ status }, count);
    for (const [service, count] of Object.entries(figures.processes)) processes.set({ service }, count);
  };

  app.addHook("onResponse", async ({ method, routeOptions: { url: route = "none" } }, reply) => {
    if (String(reply.getHeader("content-type")).startsWith("text/event-stream")) return;
    requests.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  app.get("/metrics", async (request, reply) => {
    if (!isLocal(request)) await gate.admit(request.headers, request.ip);
    await look();
    return reply.type(register.contentType).send(await Registry.merge([register, own]).metrics());
  });
}

/** Whether a request comes from this very machine, and for nobody else. */
function isLocal({ ip, headers }: FastifyRequest): boolean {
  return isAmong(ip, ["127.0.0.0/8", "::1"]) && !headers["x-forwarded-for"] && !headers.forwarded;
}

interface Figures {
  outbox: number;
  /** Seconds. */
  overdue: number;
  appRuns: Record<string, number>;
  processes: Record<string, number>;
}

/** What the store tells; undefined when it does not, in time. */
async function figuresOf(database: Database): Promise<Figures | undefined> {
  const rows = await inTime(database.read(figures));
  return rows && JSON.parse(rows[0]![0]!);
}

const figures = sql`select json_build_object(
  'outbox', (select count(*) from outbox),
  'overdue', (select coalesce(extract(epoch from now() - min(claim_time)), 0) from app_runs
    where claim_time <= now() and exists (select from apps where apps.id = app_id and connector is not null)),
  'appRuns', json_build_object('pending', (select count(*) from app_runs where status = 'pending'),
    'running', (select count(*) from app_runs where status = 'running')),
  'processes', (select coalesce(json_object_agg(name, count), '{}') from (
    select name, count(*) filter (where not stopped) from (select distinct on (name, host, pid) name, stopped
      from service_snapshots where time > now() - interval '90 seconds' order by name, host, pid, time desc) last
    group by name) services))`;
