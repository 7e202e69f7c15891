import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { appInput, importFile, templateInput } from "../src/import.js";
import { operations } from "../src/resolvers/schema.js";
import { openGateway } from "./support/gateway.js";

const { ask, database, vault } = await openGateway("empty");
const operation = (name: string) => operations.find((one) => one.name === name)!;
const importTemplate = (path: string) =>
  importFile(
    database,
    vault,
    path,
    templateInput,
    operation("createWorkbookTemplate"),
    operation("updateWorkbookTemplate"),
  );
const importApp = (path: string) =>
  importFile(database, vault, path, appInput, operation("createApp"), operation("updateApp"));
const fixture = (name: string) => join(import.meta.dirname, "fixtures", name);

const folder = mkdtempSync(join(tmpdir(), "soar-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with a fixture's content, changed. */
function changed(name: string, change: (content: never) => void): string {
  const content = JSON.parse(readFileSync(fixture(name), "utf8"));
  change(content as never);
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

describe("a workbook template file", () => {
  test("becomes a template, and changes it when it is imported again", async () => {
    expect(await importTemplate(fixture("workbook-template.json"))).toContain("created");
    expect(
      await importTemplate(changed("workbook-template.json", (content: { phases: object[] }) => content.phases.pop())),
    ).toContain("changed");
    const { data } = await ask(
      "{ workbookTemplates { nodes { name isNoteRequired phases { nodes { name tasks { nodes { name owner { username } role { name } actions playbooks } } } } } } }",
    );
    expect(data.workbookTemplates.nodes).toEqual([
      {
        name: "Account compromise",
        isNoteRequired: true,
        phases: {
          nodes: [
            {
              name: "Contain",
              tasks: {
                nodes: [
                  {
                    name: "Disable the account",
                    owner: { username: "admin" },
                    role: null,
                    actions: ["disable user"],
                    playbooks: ["community/disable_account"],
                  },
                  {
                    name: "End sessions",
                    owner: null,
                    role: { name: "Incident Commander" },
                    actions: ["reset session"],
                    playbooks: ["local/end_sessions"],
                  },
                ],
              },
            },
          ],
        },
      },
    ]);
  });

  test("is refused as a whole, every mistake with its place", async () => {
    const path = changed("workbook-template.json", (content: { name: unknown; phases: { order: unknown }[] }) => {
      content.name = 7;
      content.phases[1]!.order = "second";
    });
    await expect(importTemplate(path)).rejects.toThrow(/name: .*is 7\n.*phases\.1\.order: .*is "second"/);
    const unknown = changed(
      "workbook-template.json",
      (content: { name: string; phases: { tasks: { owner: string }[] }[] }) => {
        content.name = "Other";
        content.phases[0]!.tasks[0]!.owner = "nobody";
      },
    );
    await expect(importTemplate(unknown)).rejects.toThrow('no user "nobody"');
    expect((await ask("{ workbookTemplates { totalCount } }")).data.workbookTemplates.totalCount).toBe(1);
  });
});

describe("an app manifest", () => {
  test("becomes an app with its actions, and changes it when it is imported again", async () => {
    expect(await importApp(fixture("app.json"))).toContain("created");
    expect(
      await importApp(
        changed("app.json", (content: { app_version: string }) => {
          content.app_version = "1.5.0";
        }),
      ),
    ).toContain("changed");
    const { data } = await ask(
      "{ apps { nodes { appid name appVersion directory configuration actions(orderBy: [{ field: ACTION }]) { nodes { action identifier type parameters } } } } }",
    );
    expect(data.apps.nodes).toMatchObject([
      {
        appid: "7d9c2c5a-52e1-4c39-9f43-3c8b6f7e2a10",
        appVersion: "1.5.0",
        directory: "phantom_lookup",
        configuration: { key: { data_type: "password" } },
        actions: {
          nodes: [
            { action: "lookup domain", identifier: "lookup_domain", parameters: { domain: { required: true } } },
            { action: "test connectivity", type: "test" },
          ],
        },
      },
    ]);
  });

  test("that cannot be read is told by its name", async () => {
    await expect(importApp(join(folder, "missing.json"))).rejects.toThrow("missing.json");
    await expect(
      importApp(
        changed("app.json", (content: { appid: string }) => {
          content.appid = "7";
        }),
      ),
    ).rejects.toThrow(/appid: .*is "7"/);
  });
});
