import { enter, post, reasonOf, remembers } from "./session.js";

/*
 * The action runs that the board shows: those that have not ended and the last that have, kept up to date by their events.
 */

/** An action run as the board shows it. */
export interface Run {
  id: number;
  name: string;
  action: string;
  type: string;
  status: "PENDING" | "RUNNING" | "SUCCESS" | "FAILED" | "CANCELLED";
  message: string;
  createTime: string;
  startTime: string | null;
  closeTime: string | null;
  updateTime: string;
  creator: { username: string } | null;
  playbook: { name: string } | null;
  container: { id: number; name: string };
  appRuns: { nodes: { appName: string; assetName: string; message: string }[] };
}

/** What is known of them, and whether their events arrive at the moment. */
export interface Board {
  runs: readonly Run[];
  live: boolean;
}

const shown = `fragment Shown on ActionRun {
  id name action type status message createTime startTime closeTime updateTime
  creator { username } playbook { name } container { id name }
  appRuns(first: 5) { nodes { appName assetName message } }
}`;

const lists = `query Runs($open: ActionRunFilter, $ended: ActionRunFilter) {
  open: actionRuns(first: 100, filter: $open, orderBy: { field: ID, direction: DESC }) { nodes { ...Shown } }
  ended: actionRuns(first: 50, filter: $ended, orderBy: { field: UPDATE_TIME, direction: DESC }) { nodes { ...Shown } }
} ${shown}`;

const events = `subscription Follow($filter: ActionRunEventFilter) {
  actionRunEvents(filter: $filter) { kind actionRun { ...Shown } }
} ${shown}`;

const isOpen = ({ status }: Run) => status === "PENDING" || status === "RUNNING";

/** How many that have ended are kept. */
const mostEnded = 50;

/** Milliseconds until it is tried again to follow what the server refused to tell. */
const pause = 3_000;

/**
 * Tells what the board shows, now and whenever it changes, of one container or all, until the function that it gives is
 * called; `left` hears why when nobody is logged in any more.
 */
export function followRuns(
  container: number | undefined,
  told: (board: Board) => void,
  left: (reason: string) => void,
): () => void {
  const runs = new Map<number, Run>();
  let live = false;
  let source: EventSource | undefined;
  let later: ReturnType<typeof setTimeout>;
  let frame = 0;

  const tell = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => told({ runs: [...runs.values()], live }));
  };
  const put = (run: Run) => {
    runs.set(run.id, run);
    const ended = [...runs.values()].filter((run) => !isOpen(run)).sort(byUpdate);
    for (const { id } of ended.slice(mostEnded)) runs.delete(id);
    tell();
  };
  // What events have told meanwhile is newer.
  const read = async () => {
    for (const run of await newest(container)) if (!runs.has(run.id)) put(run);
    tell();
  };
  const again = async () => {
    source?.close();
    live = false;
    tell();
    const { reason } = await enter();
    if (!remembers()) return left(reason);
    later = setTimeout(follow, pause);
  };
  const follow = () => {
    runs.clear();
    const filter = container === undefined ? null : { container: [container] };
    const search = new URLSearchParams({ query: events, variables: JSON.stringify({ filter }) });
    source = new EventSource(`/graphql/stream?${search}`);
    source.addEventListener("open", () => {
      live = true;
      tell();
    });
    // The browser comes back by itself, after the last event that it has, unless it was refused.
    source.addEventListener("error", () => {
      if (source!.readyState === EventSource.CLOSED) return again();
      live = false;
      tell();
    });
    source.addEventListener("complete", again);
    source.addEventListener("next", ({ data }) => {
      const { kind, actionRun } = JSON.parse(data).data?.actionRunEvents ?? {};
      if (kind === "START") read().catch(again);
      else if (actionRun) put(actionRun);
    });
  };

  follow();
  return () => {
    source?.close();
    clearTimeout(later);
    cancelAnimationFrame(frame);
  };
}

const byUpdate = (a: Run, b: Run) => Date.parse(b.updateTime) - Date.parse(a.updateTime);

async function newest(container: number | undefined): Promise<Run[]> {
  const of = container === undefined ? {} : { container: { id: { eq: container } } };
  const variables = {
    open: { ...of, status: { in: ["PENDING", "RUNNING"] } },
    ended: { ...of, status: { in: ["SUCCESS", "FAILED", "CANCELLED"] } },
  };
  const answer = await post("/graphql", { query: lists, variables });
  if (!answer.ok) throw new Error(await reasonOf(answer));
  const { data } = await answer.json();
  return [...data.open.nodes, ...data.ended.nodes];
}
