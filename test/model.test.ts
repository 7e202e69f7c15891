import fc from "fast-check";
import { expect, test } from "vitest";
import { openGateway } from "./support/gateway.js";
import { call, newContainer, plainArtifact, read } from "./support/operations.js";

/*
 * A hundred random operations on one container, and beside them a model of what it must look like: the case view has to
 * equal it after every ten.
 */

const gateway = await openGateway();
await gateway.database.pool.query("update playbooks set active = false");

interface Model {
  revision: number;
  status: string;
  severity: string;
  label: string;
  sensitivity: string;
  description: string;
  owner: string | null;
  role: string | null;
  closed: boolean;
  tags: string[];
  dueTime: number;
  artifacts: { id: number; name: string; key: string }[];
  notes: { id: number; title: string }[];
  pins: { id: number; name: string; data: string }[];
  tasks: { id: number; status: "NOT_STARTED" | "IN_PROGRESS" | "COMPLETE" }[];
  comments: string[];
}

type Step = (container: number, model: Model) => Promise<void>;

/** Sets fields of the model as the gateway sets those of the container: the revision rises only when one differs. */
function set(model: Model, fields: Partial<Model>): void {
  const before = JSON.stringify(model);
  Object.assign(model, fields);
  if (JSON.stringify(model) !== before) model.revision++;
}

const word: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e");
const some = fc.array(word, { minLength: 1, maxLength: 3 });
const act = (name: string, input: object, selection?: string) => call(gateway, name, { ...input }, selection);

const steps: fc.Arbitrary<Step>[] = [
  some.map((tags) => async (container, model) => {
    await act("addTags", { container, tags });
    set(model, { tags: [...new Set([...model.tags, ...tags])] });
  }),
  some.map((tags) => async (container, model) => {
    await act("removeTags", { container, tags });
    set(model, { tags: model.tags.filter((tag) => !tags.includes(tag)) });
  }),
  fc.constantFrom("new", "open", "triage", "closed").map((status) => async (container, model) => {
    await act("setStatus", { container, status });
    set(model, { status, closed: status === "closed" });
  }),
  fc.constant(async (container, model) => {
    await act("close", { container });
    set(model, { status: "closed", closed: true });
  }),
  fc.constantFrom("high", "low", "medium", "dire").map((severity) => async (container, model) => {
    const { success } = await act("setSeverity", { container, severity });
    expect(success).toBe(severity !== "dire");
    if (success) set(model, { severity });
  }),
  fc.constantFrom("events", "phishing").map((label) => async (container, model) => {
    await act("setLabel", { container, label });
    set(model, { label });
  }),
  fc.constantFrom("RED", "AMBER").map((sensitivity) => async (container, model) => {
    await act("setSensitivity", { container, sensitivity });
    set(model, { sensitivity });
  }),
  fc.constantFrom("admin", "Observer", "").map((who) => async (container, model) => {
    await act("setOwner", { container, ...(who === "Observer" ? { role: who } : { user: who }) });
    set(model, { owner: who === "admin" ? who : null, role: who === "Observer" ? who : null });
  }),
  fc.record({ description: word, tags: some }).map((changes) => async (container, model) => {
    await act("update", { container, changes, expectedRevision: model.revision });
    set(model, { ...changes, tags: [...new Set(changes.tags)] });
  }),
  word.map((description) => async (container, model) => {
    const late = await act("update", { container, changes: { description }, expectedRevision: model.revision - 1 });
    expect(late.code).toBe("REVISION_CONFLICT");
  }),
  fc.integer({ min: -500, max: 500 }).map((minutes) => async (container, model) => {
    await act("setDuetime", { container, minutes: Math.abs(minutes), operation: minutes < 0 ? "-" : "+" });
    set(model, { dueTime: model.dueTime + minutes * 60_000 });
  }),
  word.map((key) => async (container, model) => {
    const { success, artifactId } = await act(
      "addArtifact",
      { container, ...plainArtifact, identifier: key },
      "artifactId",
    );
    const standing = model.artifacts.find((artifact) => artifact.key === key);
    expect(success).toBe(standing === undefined);
    if (standing) expect(artifactId).toBe(standing.id);
    if (success) model.artifacts.push({ id: artifactId, name: plainArtifact.name, key });
  }),
  fc.tuple(fc.nat(), word).map(([place, name]) => async (_, model) => {
    const artifact = model.artifacts[place % model.artifacts.length];
    if (!artifact) return;
    await act("updateArtifact", { artifactId: artifact.id, name });
    artifact.name = name;
  }),
  fc.nat().map((place) => async (_, model) => {
    const [artifact] = model.artifacts.splice(place % (model.artifacts.length || 1), 1);
    if (artifact) await act("deleteArtifact", { artifactId: artifact.id });
  }),
  word.map((title) => async (container, model) => {
    const { noteId } = await act("addNote", { container, title }, "noteId");
    model.notes.push({ id: noteId, title });
  }),
  fc.tuple(fc.nat(), word).map(([place, title]) => async (_, model) => {
    const note = model.notes[place % model.notes.length];
    if (!note) return;
    await act("updateNote", { noteId: note.id, title });
    note.title = title;
  }),
  fc.nat().map((place) => async (_, model) => {
    const [note] = model.notes.splice(place % (model.notes.length || 1), 1);
    if (note) await act("deleteNote", { noteId: note.id });
  }),
  fc.record({ name: word, data: word }).map(({ name, data }) => async (container, model) => {
    const { pinId } = await act("pin", { container, name, data }, "pinId");
    const standing = model.pins.find((pin) => pin.name === name);
    if (standing) expect(pinId).toBe(standing.id);
    if (standing) standing.data = data;
    if (!standing) model.pins.push({ id: pinId, name, data });
  }),
  fc.nat().map((place) => async (_, model) => {
    const [pin] = model.pins.splice(place % (model.pins.length || 1), 1);
    if (pin) await act("deletePin", { pinId: pin.id });
  }),
  fc.constant(async (container, model) => {
    const { taskId } = await act("addTask", { container }, "taskId");
    model.tasks.push({ id: taskId, status: "NOT_STARTED" });
  }),
  fc.tuple(fc.nat(), fc.constantFrom("IN_PROGRESS", "COMPLETE")).map(([place, status]) => async (_, model) => {
    const task = model.tasks[place % model.tasks.length];
    if (!task) return;
    const { success } = await act("updateTask", { taskId: task.id, status });
    const next = { NOT_STARTED: "IN_PROGRESS", IN_PROGRESS: "COMPLETE", COMPLETE: undefined }[task.status];
    expect(success).toBe(status === next || status === task.status);
    if (success) task.status = status as "IN_PROGRESS" | "COMPLETE";
  }),
  word.map((comment) => async (container, model) => {
    await act("comment", { container, comment });
    model.comments.push(comment);
  }),
];

test("a container after a hundred random operations is what a model of it is", async () => {
  const [seed] = fc.sample(fc.integer(), 1);
  const drawn = fc.sample(fc.oneof(...steps), { numRuns: 100, seed });
  const container = await newContainer(gateway);
  const start = "2026-01-01T00:00:00.000000Z";
  await act("update", { container, changes: { dueTime: start } });
  const model: Model = {
    revision: 2,
    status: "new",
    severity: "medium",
    label: "events",
    sensitivity: "AMBER",
    description: "",
    owner: null,
    role: null,
    closed: false,
    tags: [],
    dueTime: Date.parse(start),
    artifacts: [],
    notes: [],
    pins: [],
    tasks: [],
    comments: [],
  };
  for (const [index, step] of drawn.entries()) {
    await step(container, model);
    if (index % 10 === 9)
      expect(await caseView(container), `seed ${seed}, after ${index + 1}`).toEqual(expected(model));
  }
});

async function caseView(container: number) {
  const { dueTime, closeTime, owner, role, artifacts, notes, pins, tasks, comments, artifactCount, ...fields } =
    await read(
      gateway,
      container,
      `revision status severity label sensitivity description tags dueTime closeTime owner { username } role { name } artifactCount
     artifacts(first: 100) { nodes { id name } } notes(first: 100) { nodes { id title } } pins(first: 100) { nodes { id name data } }
     tasks(first: 100) { nodes { id status } } comments(first: 100) { nodes { comment } }`,
    );
  expect(artifactCount).toBe(artifacts.nodes.length);
  const byId = (list: { nodes: { id: number }[] }) => [...list.nodes].sort((a, b) => a.id - b.id);
  return {
    ...fields,
    dueTime: Date.parse(dueTime),
    closed: closeTime !== null,
    owner: owner?.username ?? null,
    role: role?.name ?? null,
    artifacts: byId(artifacts),
    notes: byId(notes),
    pins: byId(pins),
    tasks: byId(tasks),
    comments: comments.nodes.map(({ comment }: { comment: string }) => comment),
  };
}

function expected({ artifacts, ...model }: Model) {
  return { ...model, artifacts: artifacts.map(({ id, name }) => ({ id, name })) };
}
