import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import type { Writer } from "../database/pools.js";
import { artifactHash } from "../operations/artifacts.js";
import { artifacts } from "../schema/artifact.js";
import { comments } from "../schema/comment.js";
import { containers } from "../schema/container.js";
import { labels } from "../schema/label.js";
import { notes } from "../schema/note.js";
import { pins } from "../schema/pin.js";
import { roles, userRoles, users } from "../schema/user.js";
import { documented } from "./documented.js";
import { Random } from "./random.js";
import { type Evidence, type Incident, stories } from "./stories.js";

type Told = Omit<Incident, "artifacts"> & {
  id: number;
  status: string;
  identifier: string;
  artifacts: (Evidence & { id?: number; identifier?: string })[];
};

const team = [
  {
    username: "alice.nguyen",
    firstName: "Alice",
    lastName: "Nguyen",
    title: "Senior analyst",
    role: "Incident Commander",
  },
  { username: "ben.okafor", firstName: "Ben", lastName: "Okafor", title: "Analyst", role: "Incident Commander" },
  {
    username: "carla.mendes",
    firstName: "Carla",
    lastName: "Mendes",
    title: "Automation engineer",
    role: "Automation Engineer",
  },
  { username: "dana.weiss", firstName: "Dana", lastName: "Weiss", title: "Auditor", role: "Observer" },
  {
    username: "automation",
    firstName: "",
    lastName: "",
    title: "Runs playbooks",
    role: "Automation",
    type: "automation" as const,
  },
];

const minute = 60_000;
const month = 30 * 24 * 60 * minute;

/**
 * Fills an empty database with fifty incidents of the month before `until`: the same ones every time, only moved to that
 * month. The containers printed in the manuals are among them under their printed numbers.
 */
export async function loadSample(writer: Writer, until: Date): Promise<void> {
  const random = new Random(20_201_105);
  await writer.insert(labels).values([{ name: "phishing" }, { name: "malware" }, { name: "vulnerability" }]);
  const analysts = await addTeam(writer);
  const told = tell(random);
  for (const [index, incident] of told.entries()) {
    const created = new Date(
      until.getTime() - month + (index / told.length) * (month - 90 * minute) + random.between(0, 80) * minute,
    );
    await write(writer, random, incident, created, analysts);
  }
  for (const table of ["containers", "artifacts"]) {
    await writer.execute(
      sql`select setval(pg_get_serial_sequence(${table}, 'id'), (select max(id) from ${sql.identifier(table)}))`,
    );
  }
}

async function addTeam(writer: Writer): Promise<number[]> {
  const ids: number[] = [];
  for (const { role, ...user } of team) {
    const [added] = await writer
      .insert(users)
      .values({ ...user, email: `${user.username}@corp.example` })
      .returning({ id: users.id });
    await writer.insert(userRoles).select(
      writer
        .select({ userId: sql<number>`${added!.id}::int`.as("user_id"), roleId: roles.id })
        .from(roles)
        .where(sql`${roles.name} = ${role}`),
    );
    ids.push(added!.id);
  }
  return ids.slice(0, 2);
}

/** Fifty incidents, oldest first: the documented ones among told stories, which take the numbers in between. */
function tell(random: Random): Told[] {
  const taken = new Map(documented.map((incident) => [incident.id, incident]));
  const numbers = [...Array.from({ length: 48 }, (_, index) => index + 1), 79, 337];
  let turn = 0;
  return numbers.map((id) => {
    const known = taken.get(id);
    const story = known ?? stories[turn++ % stories.length]!(random);
    const status = known?.status ?? (id < 30 ? "closed" : random.pick(["new", "open", "open"]));
    return {
      sensitivity: "amber",
      killChain: null,
      tags: [],
      notes: [],
      pins: [],
      comments: [],
      description: "",
      ...story,
      id,
      status,
      identifier: known?.identifier ?? random.uuid(),
    };
  });
}

async function write(writer: Writer, random: Random, told: Told, created: Date, analysts: number[]): Promise<void> {
  const at = (minutes: number) =>
    new Date(created.getTime() + minutes * minute)
      .toISOString()
      .replace("Z", `${String(random.between(0, 999)).padStart(3, "0")}Z`);
  const owner = told.id === 7 ? 1 : told.status === "new" ? null : random.pick(analysts);
  const minutesToSolve = { high: 60, medium: 720, low: 1440 }[told.severity]!;
  const closed = told.status === "closed" ? random.between(15, minutesToSolve * 1.3) : undefined;
  const { artifacts: evidence, notes: written, pins: pinned, comments: said, identifier, ...fields } = told;
  await writer.insert(containers).values({
    ...fields,
    sourceDataIdentifier: identifier,
    hash: createHash("md5").update(identifier).digest("hex"),
    ownerId: owner,
    createTime: at(0),
    startTime: at(-random.between(1, 30)),
    dueTime: at(minutesToSolve),
    openTime: told.status === "new" ? null : at(random.between(3, 14)),
    closeTime: closed ? at(closed) : null,
    closingOwnerId: closed ? owner : null,
    artifactUpdateTime: at(2),
    containerUpdateTime: at(closed ?? 3),
  });
  const ids = await addEvidence(writer, random, told, at(1));
  if (written.length) {
    await writer.insert(notes).values(
      written.map(({ title, content, about }, index) => ({
        containerId: told.id,
        title,
        content,
        noteType: about === undefined ? ("general" as const) : ("artifact" as const),
        artifactId: about === undefined ? null : ids[about],
        authorId: owner,
        createTime: at(15 + index * 20),
      })),
    );
  }
  if (pinned.length) {
    await writer.insert(pins).values(
      pinned.map(({ name, message, data, style, type }, index) => ({
        containerId: told.id,
        name,
        message,
        data,
        pinStyle: style,
        pinType: type,
        order: index,
        authorId: owner,
        createTime: at(20 + index),
      })),
    );
  }
  if (said.length) {
    await writer.insert(comments).values(
      said.map((comment, index) => ({
        containerId: told.id,
        comment,
        authorId: owner,
        createTime: at(25 + index * 11),
      })),
    );
  }
}

async function addEvidence(writer: Writer, random: Random, told: Told, time: string): Promise<number[]> {
  const rows = told.artifacts.map(({ id, identifier, cefTypes, ...artifact }, index) => {
    const sourceDataIdentifier = identifier ?? random.uuid();
    const body = {
      ...artifact,
      cefData: artifact.cef,
      rawData: {},
      identifier: sourceDataIdentifier,
      artifactType: artifact.type,
      fieldMapping: cefTypes,
    };
    return {
      ...artifact,
      // Numbers below 1000 are left to the artifacts that the manuals number.
      id: id ?? 1000 + told.id * 10 + index,
      containerId: told.id,
      cefTypes: (cefTypes ?? {}) as Record<string, string[]>,
      sourceDataIdentifier,
      identified: true,
      hash: artifactHash(1, "sample", body),
      createTime: time,
      updateTime: time,
      startTime: time,
    };
  });
  await writer.insert(artifacts).values(rows);
  return rows.map(({ id }) => id);
}
