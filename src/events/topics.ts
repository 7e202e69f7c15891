import { registerEnumType } from "type-graphql";
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
  readonly object: { readonly target: Exposed; readonly key: "containerId" | "nodeId"; readonly field: string };
  /** Whether events also tell what changed, beside the object. */
  readonly node: boolean;
  /** Whether events tell the status the object had. */
  readonly status: boolean;
  readonly filter: Inputs;
  /** Whether a filter lets an event through. */
  matches(event: LogEvent, filter: Record<string, unknown>): boolean;
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
  object: { target: PlaybookRun, key: "nodeId", field: "playbookRun" },
  node: false,
  status: true,
  filter: {
    playbookRunId: optional(list(int), "Only events of these runs."),
    container: optional(list(int), "Only events of runs on these containers."),
    status: optional(list(word(runStatus)), "Only events that brought a run to one of these."),
  },
  matches: (event, { playbookRunId, container, status }) =>
    among(playbookRunId, event.nodeId) && among(container, event.containerId) && among(status, event.status),
});

export const topics: readonly Topic[] = [containerEvents, playbookRunEvents];

function topic<I extends Inputs>(
  given: Omit<Topic, "filter" | "matches"> & { filter: I; matches(event: LogEvent, filter: InputOf<I>): boolean },
): Topic {
  return given as unknown as Topic;
}

/** Absent and null let everything through. */
function among<T>(some: readonly T[] | null | undefined, value: T | null): boolean {
  return !some || (value !== null && some.includes(value));
}
