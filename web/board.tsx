import "./board.css";
import { useEffect, useState } from "react";
import { leave, showBehindLogin } from "./behind-login.js";
import { type Board, followRuns, type Run } from "./runs.js";

const columns: readonly { title: string; holds: readonly Run["status"][] }[] = [
  { title: "Waiting", holds: ["PENDING"] },
  { title: "Running", holds: ["RUNNING"] },
  { title: "Ended", holds: ["SUCCESS", "FAILED", "CANCELLED"] },
];

function Actions({ container, onLeave }: { container: number | undefined; onLeave: (reason: string) => void }) {
  const [board, setBoard] = useState<Board>();
  useEffect(() => followRuns(container, setBoard, onLeave), [container, onLeave]);
  const now = useNow();
  return (
    <>
      <header className="head">
        <h1>{container === undefined ? "Actions" : `Actions on container ${container}`}</h1>
        {container !== undefined && <a href="/board">All containers</a>}
        <p role="status" className={board && !board.live ? "lost" : undefined}>
          {board && (board.live ? "Live" : "The connection is lost; trying again …")}
        </p>
      </header>
      <div className="columns">
        {columns.map(({ title, holds }) => (
          <Column
            key={title}
            title={title}
            runs={board?.runs.filter(({ status }) => holds.includes(status))}
            now={now}
          />
        ))}
      </div>
    </>
  );
}

function Column({ title, runs, now }: { title: string; runs: readonly Run[] | undefined; now: number }) {
  const newestFirst = runs?.toSorted((a, b) => since(b) - since(a));
  return (
    <section aria-label={title}>
      <h2>
        {title} {runs && <span className="count">{runs.length}</span>}
      </h2>
      {runs?.length === 0 && <p className="none">Nothing.</p>}
      <ol>
        {newestFirst?.map((run) => (
          <Card key={run.id} run={run} now={now} />
        ))}
      </ol>
    </section>
  );
}

function Card({ run, now }: { run: Run; now: number }) {
  const { id, action, name, status, container, creator, playbook, appRuns, message } = run;
  const assets = [...new Set(appRuns.nodes.map(({ appName, assetName }) => assetName || appName))];
  const said = message || appRuns.nodes.find((one) => one.message)?.message;
  return (
    <li className="card">
      <p className="top">
        <strong>{action}</strong>
        <span className={`chip ${status.toLowerCase()}`}>{words[status]}</span>
      </p>
      {name !== action && <p>{name}</p>}
      <p>
        <a href={`/board?container=${container.id}`}>Container {container.id}</a> {container.name}
      </p>
      {said && <p className="said">{said}</p>}
      <p className="foot">
        Run {id} · {[...assets, playbook?.name ?? creator?.username ?? "automation"].join(" · ")} ·{" "}
        <time dateTime={new Date(since(run)).toISOString()}>{spanOf(run, now)}</time>
      </p>
    </li>
  );
}

const words: Record<Run["status"], string> = {
  PENDING: "waiting",
  RUNNING: "running",
  SUCCESS: "success",
  FAILED: "failed",
  CANCELLED: "cancelled",
};

/** When it came to the status that it has. */
function since({ status, createTime, startTime, closeTime, updateTime }: Run): number {
  if (status === "PENDING") return Date.parse(createTime);
  return Date.parse((status === "RUNNING" ? startTime : closeTime) ?? updateTime);
}

function spanOf(run: Run, now: number): string {
  const span = inWords(now - since(run));
  if (run.status === "PENDING") return `waits ${span}`;
  if (run.status === "RUNNING") return `runs ${span}`;
  const took = run.startTime && `, took ${inWords(since(run) - Date.parse(run.startTime))}`;
  return `${span} ago${took ?? ""}`;
}

/** Clocks of browsers may be behind. */
function inWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Which container's actions are asked for by the address. */
function asked(): number | undefined {
  const given = new URLSearchParams(location.search).get("container");
  if (given === null) return undefined;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new Error(`container is ${JSON.stringify(given)}; it takes the number of a container.`);
}

await showBehindLogin(() => {
  try {
    return <Actions container={asked()} onLeave={leave} />;
  } catch (error) {
    return <p role="alert">{(error as Error).message}</p>;
  }
});
