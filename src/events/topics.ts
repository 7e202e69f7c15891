import { inArray, type SQL } from "drizzle-orm";
import { registerEnumType } from "type-graphql";
import { ActionRun, AppRun, actionRuns } from "../schema/action-run.js";
import { Container } from "../schema/container.js";
import type { Exposed } from "../schema/expose.js";
import { type InputOf, type Inputs, int, list, optional, type Token, text, word } from "../schema/operations.js";
import { PlaybookRun, runStatus } from "../schema/playbook.js";
import type { LogEvent } from "./log.js";

/** What can be followed, as a subscription and as a list of the same name. */
export interface Topic {
  /** As the outbox names it. */
  readonly name: string;
  readonly field: string;
  readonly description: string;
  /** Its GraphQL type, what it is, and the type of its `kind`. */
  readonly event: { readonly name: string; readonly description: string; readonly kind: Token<string> };
  /** What events are about and counted by: who does not see it does not see them. `key` holds its id. */
  readonly object: { readonly target: Exposed; readonly key: "containerId" | "objectId"; readonly field: string };
  /** What part of the object an event may be about more closely. */
  readonly part?: { readonly target: Exposed; readonly field: string };
  /** Whether events also tell what changed, beside the object. */
  readonly node: boolean;
  /** Whether events tell the status the object had. */
  readonly status: boolean;
  readonly filter: Inputs;
  /** Whether a filter lets an event through. */
  matches(event: LogEvent, filter: Record<string, unknown>): boolean;
  /** What a filter asks of the object beyond what events tell. */
  where?(filter: Record<string, unknown>): SQL | undefined;
}

const RunEventKind = { START: "START", CHANGE: "CHANGE" };
registerEnumType(RunEventKind, {
  name: "RunEventKind",
  description: "What an event of a run tells.",
  valuesConfig: {
    START: { description: "Where following begins: a cursor and a time, and nothing that happened." },
    CHANGE: { description: "The run came to be, or to another status." },
  },
});
const runEventKind: Token<string> = { thunk: () => RunEventKind };

const containerEvents = topic({
  name: "container",
  field: "containerEvents",
  description: "What happens to containers and to what belongs to them",
  event: { name: "ContainerEvent", description: "Something that happened to a container.", kind: text },
  object: { target: Container, key: "containerId", field: "container" },
  node: true,
  status: false,
  filter: {
    container: optional(list(int), "Only events of these containers."),
    kind: optional(list(text), "Only events of these kinds, such as `NOTE_ADDED`."),
  },
  matches: (event, { container, kind }) => among(container, event.containerId) && among(kind, event.kind),
});

const playbookRunEvents = topic({
  name: "playbookRun",
  field: "playbookRunEvents",
  description: "How playbook runs go",
  event: { name: "PlaybookRunEvent", description: "A change of a playbook run.", kind: runEventKind },
  object: { target: PlaybookRun, key: "objectId", field: "playbookRun" },
  node: false,
  status: true,
  filter: {
    playbookRunId: optional(list(int), "Only events of these runs."),
    container: optional(list(int), "Only events of runs on these containers."),
    status: optional(list(word(runStatus)), "Only events that brought a run to one of these."),
  },
  matches: (event, { playbookRunId, container, status }) =>
    among(playbookRunId, event.objectId) && among(container, event.containerId) && among(status, event.status),
});

const ofActionRun = {
  name: "actionRun",
  object: { target: ActionRun, key: "objectId", field: "actionRun" },
  node: false,
  status: true,
} as const;

const actionRunFilter = {
  actionRunId: optional(list(int), "Only events of these runs."),
  container: optional(list(int), "Only events of runs on these containers."),
  playbookRunId: optional(list(int), "Only events of what these playbook runs asked for."),
  status: optional(list(word(runStatus)), "Only events that found or brought a run to one of these."),
};

type ActionRunFilter = InputOf<typeof actionRunFilter>;

const ofPlaybookRuns = ({ playbookRunId }: ActionRunFilter) =>
  playbookRunId ? inArray(actionRuns.playbookRunId, playbookRunId) : undefined;
const isOf = (event: LogEvent, { actionRunId, container, status }: ActionRunFilter) =>
  among(actionRunId, event.objectId) && among(container, event.containerId) && among(status, event.status);

export const actionRunEvents = topic({
  ...ofActionRun,
  field: "actionRunEvents",
  description:
    "How actions go: each comes to be, begins and ends, and before it ends each of its app runs but the last",
  event: { name: "ActionRunEvent", description: "A change of an action run.", kind: runEventKind },
  part: { target: AppRun, field: "appRun" },
  filter: actionRunFilter,
  matches: isOf,
  where: ofPlaybookRuns,
});

const ends = new Set<string | null>(["success", "failed", "cancelled"]);

export const actionCallbacks = topic({
  ...ofActionRun,
  field: "actionCallbacks",
  description: "Actions that end, each once: with all that a callback gets",
  event: { name: "ActionCallbackEvent", description: "The end of an action run.", kind: runEventKind },
  filter: actionRunFilter,
  matches: (event, filter) => ends.has(event.status) && isOf(event, filter),
  where: ofPlaybookRuns,
});

export const topics: readonly Topic[] = [containerEvents, playbookRunEvents, actionRunEvents, actionCallbacks];

function topic<I extends Inputs>(
  given: Omit<Topic, "filter" | "matches" | "where"> & {
    filter: I;
    matches(event: LogEvent, filter: InputOf<I>): boolean;
    where?(filter: InputOf<I>): SQL | undefined;
  },
): Topic {
  return given as unknown as Topic;
}

/** Absent and null let everything through. */
function among<T>(some: readonly T[] | null | undefined, value: T | null): boolean {
  return !some || (value !== null && some.includes(value));
}
