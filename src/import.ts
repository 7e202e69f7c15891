import { readFileSync } from "node:fs";
import { z } from "zod";
import { callerNamed } from "./auth/who.js";
import { contextOf } from "./context.js";
import type { Database } from "./database/pools.js";
import { StartError } from "./errors.js";
import type { Operation } from "./operation.js";
import type { Vault } from "./vault.js";

/*
 * Files that other SOAR systems export, read into the inputs of this one's operations. What a file has beyond that is
 * left alone; what it lacks or has wrongly is told with its place in the file.
 */

const text = z.string();
const name = z.string().trim().min(1);
const reference = z.union([z.string(), z.number().int()]).nullish();

/** What helps with a task: beside its other fields, or together. */
const suggested = {
  actions: z.array(text).nullish(),
  playbooks: z.array(z.union([text, z.object({ scm: text, playbook: text })])).nullish(),
};

const template = z.object({
  name,
  description: text.nullish(),
  is_default: z.boolean().nullish(),
  is_note_required: z.boolean().nullish(),
  phases: z
    .array(
      z.object({
        name,
        order: z.number().int().nullish(),
        tasks: z
          .array(
            z.object({
              name,
              order: z.number().int().nullish(),
              description: text.nullish(),
              owner: reference,
              role: reference,
              ...suggested,
              suggestions: z.object(suggested).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

/** The input of `createWorkbookTemplate` that a workbook template file of SOAR describes. */
export function templateInput(file: unknown) {
  const { is_default: isDefault, is_note_required: isNoteRequired, phases, ...rest } = read(template, file);
  return {
    ...rest,
    isDefault,
    isNoteRequired,
    phases: (phases ?? []).map((phase) => ({
      ...phase,
      tasks: (phase.tasks ?? []).map(({ suggestions, ...task }) => ({
        ...task,
        owner: task.owner || null,
        role: task.role || null,
        actions: [task, suggestions].flatMap((one) => one?.actions ?? []),
        playbooks: [task, suggestions].flatMap((one) => one?.playbooks ?? []).map(playbookName),
      })),
    })),
  };
}

const playbookName = (one: string | { scm: string; playbook: string }) =>
  typeof one === "string" ? one : `${one.scm}/${one.playbook}`;

const settings = z.record(text, z.record(text, z.unknown()));

const app = z.object({
  appid: z.uuid(),
  name,
  description: text.nullish(),
  app_version: text.nullish(),
  product_name: text.nullish(),
  product_vendor: text.nullish(),
  publisher: text.nullish(),
  type: text.nullish(),
  package_name: text.nullish(),
  python_version: z.union([text, z.array(text)]).nullish(),
  configuration: settings.default({}),
  actions: z
    .array(
      z.object({
        action: name,
        identifier: text.nullish(),
        type: text.nullish(),
        description: text.nullish(),
        read_only: z.boolean().nullish(),
        parameters: settings.default({}),
        output: z.array(z.record(text, z.unknown())).nullish(),
      }),
    )
    .default([]),
});

/** The input of `createApp` that an app manifest of SOAR describes. */
export function appInput(file: unknown) {
  const manifest = read(app, file);
  return {
    appid: manifest.appid,
    name: manifest.name,
    description: manifest.description,
    appVersion: manifest.app_version,
    productName: manifest.product_name,
    productVendor: manifest.product_vendor,
    publisher: manifest.publisher,
    type: manifest.type,
    directory: manifest.package_name,
    pythonVersion: [manifest.python_version ?? []].flat().join(", "),
    configuration: manifest.configuration,
    actions: manifest.actions.map(({ read_only: readOnly, output, ...action }) => ({
      ...action,
      readOnly,
      output: output ?? [],
    })),
  };
}

function read<T>(form: z.ZodType<T>, file: unknown): T {
  const result = form.safeParse(file);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(
    ({ path, message }) => `  ${path.join(".") || "the file"}: ${message}, is ${shown(file, path)}`,
  );
  throw new StartError(`This file cannot be imported:\n${mistakes.join("\n")}`);
}

function shown(file: unknown, path: PropertyKey[]): string {
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], file);
  return JSON.stringify(value)?.slice(0, 80) ?? "missing";
}

/** Imports a file as the administrator: creates what it describes, or changes what has its name already. Gives what was done. */
export async function importFile(
  database: Database,
  vault: Vault,
  path: string,
  toInput: (file: unknown) => { name: string },
  create: Operation,
  update: Operation,
): Promise<string> {
  const input = toInput(parse(path));
  const caller = await callerNamed(database, "admin");
  const context = contextOf(
    { database, vault },
    {
      caller,
      requestId: `import of ${path}`,
      address: "",
      headers: {},
      body: null,
    },
  );
  const made = await create.execute(context, input, create.name);
  if (made.code !== "DUPLICATE") return answer(made);
  const [id] = Object.values(made.result);
  if (typeof id !== "number") throw new StartError(made.message);
  const changes = Object.fromEntries(Object.entries(input).filter(([field]) => field in update.input));
  return answer(await update.execute(context, { ...changes, id }, update.name));
}

function answer({ success, message }: { success: boolean; message: string }): string {
  if (success) return message;
  throw new StartError(message);
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new StartError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
}
