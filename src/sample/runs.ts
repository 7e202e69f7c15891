import { actionResults, actionRuns, appRuns, approvals } from "../schema/action-run.js";
import { playbookRuns } from "../schema/playbook.js";
import { statusChanges } from "../schema/status-change.js";
import { type Background, type Tool, tools } from "./background.js";
import { addStatusChanges, type Written } from "./incident.js";
import type { Random } from "./random.js";
import type { Rows } from "./rows.js";

type Status = "pending" | "running" | "success" | "failed" | "cancelled";

/** What to run, and how it ended. */
interface Asked {
  tool: Tool;
  values: string[];
  status: Status;
  /** Whether it waits for an approval. */
  held?: boolean;
  at: number;
  name?: string;
  id?: number;
  appRunId?: number;
  playbookId?: number;
  playbookRunId?: number;
  creatorId?: number | null;
  answer?: { message: string; data: object[]; summary: object };
}

const toolFor = (action: string) => tools.find((tool) => tool.action === action)!;

/** Keeps an action run with its app run and results, in the words that apps and manuals use. */
function addRun(rows: Rows, { told, at }: Written, asked: Asked): number {
  const { tool, values, status, answer } = asked;
  const ended = status === "success" || status === "failed";
  const name = asked.name ?? `user initiated ${tool.action} action`;
  const message =
    answer?.message ?? (status === "failed" ? "The product did not answer in time." : "Found nothing suspicious.");
  const parameters = values.map((value) => ({ [tool.takes]: value }));
  const actionRunId = rows.number(
    actionRuns,
    {
      id: asked.id,
      containerId: told.id,
      playbookId: asked.playbookId,
      playbookRunId: asked.playbookRunId,
      action: tool.action,
      name,
      type: tool.type === "identity management" ? "contain" : "investigate",
      targets: [{ app_id: tool.id, assets: [tool.assetId], parameters }],
      status,
      remaining: asked.held ? 1 : 0,
      message: ended ? `${values.length} actions ${status === "success" ? "succeeded" : "failed"}` : "",
      cancelled: status === "cancelled" ? "Cancelled: the address is our own." : null,
      creatorId: asked.creatorId ?? null,
      createTime: at(asked.at),
      startTime: status === "pending" ? null : at(asked.at + 0.02),
      assignTime: at(asked.at),
      updateTime: at(asked.at + 0.1),
      closeTime: ended || status === "cancelled" ? at(asked.at + 0.1) : null,
    },
    1000,
  );
  if (status === "pending" && !asked.held) return actionRunId;
  const said = parameters.map(
    (parameter, index) => `(${index + 1})For Parameter: ${JSON.stringify(parameter)} Message: "${message}"`,
  );
  const appRunId = rows.number(
    appRuns,
    {
      id: asked.appRunId,
      actionRunId,
      containerId: told.id,
      playbookRunId: asked.playbookRunId,
      appId: tool.id,
      assetId: tool.assetId,
      action: tool.action,
      appName: tool.name,
      appVersion: "2.0.7",
      assetName: tool.asset,
      parameters,
      status,
      message: ended
        ? `'${name}' on asset '${tool.asset}': ${values.length} action ${status === "success" ? "succeeded" : "failed"}. ${said.join(" ")}`
        : asked.held
          ? "Waits for approval."
          : "",
      resultSummary: ended
        ? { total_objects: values.length, total_objects_successful: status === "success" ? values.length : 0 }
        : {},
      createTime: at(asked.at),
      startTime: asked.held ? null : at(asked.at + 0.02),
      endTime: ended ? at(asked.at + 0.1) : null,
    },
    1000,
  );
  for (const parameter of ended ? parameters : []) {
    rows.number(actionResults, {
      appRunId,
      containerId: told.id,
      status,
      message,
      parameter: {
        ...parameter,
        context: { guid: "f42fd73f-30f6-4e0b-8d5b-8194aaa9bc11", artifact_id: 0, parent_action_run: [] },
      },
      data: (answer?.data ?? []) as unknown[],
      summary: (answer?.summary ?? {}) as Record<string, unknown>,
    });
  }
  return actionRunId;
}

/** Keeps what automation and analysts ran on an incident: the actions that fit its evidence. */
export function addRuns(rows: Rows, random: Random, written: Written, { automation }: Background): void {
  const { told, at } = written;
  const addresses = told.artifacts
    .flatMap(({ cef }) => [cef.sourceAddress, cef.destinationAddress])
    .filter((one) => typeof one === "string" && one !== "");
  const domains = told.artifacts.map(({ cef }) => cef.destinationDnsDomain).filter((one) => typeof one === "string");
  const playbookId = { phishing: 60, malware: 61 }[told.label];
  const ended: Status = random.next() < 0.85 ? "success" : "failed";
  const running = told.status === "new" && random.next() < 0.5;
  const playbookRunId = playbookId
    ? rows.number(
        playbookRuns,
        {
          containerId: told.id,
          playbookId,
          effectiveUserId: automation,
          status: running ? "running" : ended,
          message: running
            ? ""
            : `{"message":"${ended === "success" ? "All actions succeeded" : "An action failed"}","status":"${ended}"}`,
          log: running ? "" : "Starting playbook\ncalling on_start()\ncalling on_finish()\n",
          lastArtifactId: written.artifactIds.at(-1),
          createTime: at(1),
          startTime: at(1),
          updateTime: at(2),
          endTime: running ? null : at(2),
        },
        100,
      )
    : undefined;
  addStatusChanges(rows, written, playbookRunId);
  const shared = { playbookId, playbookRunId };
  if (addresses.length)
    addRun(rows, written, {
      ...shared,
      tool: toolFor("geolocate ip"),
      values: addresses as string[],
      status: running ? "running" : ended,
      at: 1.2,
    });
  if (domains.length)
    addRun(rows, written, {
      ...shared,
      tool: toolFor("whois domain"),
      values: domains.slice(0, 1) as string[],
      status: running ? "pending" : "success",
      at: 1.4,
    });
  if (told.id % 17 === 0)
    addRun(rows, written, {
      tool: toolFor("whois ip"),
      values: ["10.0.0.1"],
      status: "cancelled",
      at: 5,
      creatorId: written.owner,
    });
}

/** Keeps the question whether an account may be disabled, open or answered. */
export function addApproval(rows: Rows, written: Written, approver: number): void {
  const { told, owner, at } = written;
  const user = told.artifacts
    .map(({ cef }) => cef.sourceUserName ?? cef.destinationUserName)
    .find((name) => typeof name === "string");
  const open = told.status !== "closed";
  const actionRunId = addRun(rows, written, {
    tool: toolFor("disable user"),
    values: [String(user ?? "j.keller")],
    status: open ? "pending" : "success",
    held: open,
    at: 30,
    creatorId: owner,
  });
  rows.number(approvals, {
    containerId: told.id,
    actionRunId,
    assetId: toolFor("disable user").assetId,
    approverId: approver,
    status: open ? "pending" : "approved",
    comment: open ? "" : "Go ahead.",
    createTime: at(30),
    dueTime: at(60),
    responseTime: open ? null : at(34),
  });
}

/** Keeps the runs that the manuals print, under their numbers. */
export function addDocumentedRuns(rows: Rows, written: Map<number, Written>, { automation, admin }: Background): void {
  const research = {
    message: "City: Research, State: VIC, Country: Australia",
    data: [
      {
        state_name: "Victoria",
        latitude: -37.7,
        country_iso_code: "AU",
        time_zone: "Australia/Melbourne",
        longitude: 145.1833,
        state_iso_code: "VIC",
        city_name: "Research",
        country_name: "Australia",
        continent_name: "Oceania",
        postal_code: "3095",
      },
    ],
    summary: { city: "Research", state: "VIC", country: "Australia" },
  };
  const whois = {
    message: "Domain: example.com, Organization: Example, Inc., Name: Host, Example Inc., City: San Jose, Country: US",
    data: [{ domain: "example.com" }],
    summary: { organization: "Example, Inc." },
  };
  addRun(rows, written.get(7)!, {
    id: 11,
    appRunId: 51,
    tool: toolFor("geolocate ip"),
    values: ["1.1.1.1"],
    status: "success",
    at: 4,
    name: "geolocate_ip_1",
    answer: research,
  });
  addRun(rows, written.get(7)!, {
    id: 205,
    tool: toolFor("whois ip"),
    values: ["1.1.1.1"],
    status: "success",
    at: 6,
    name: "my_whois_ip_action",
  });
  addRun(rows, written.get(337)!, {
    id: 2,
    appRunId: 15,
    tool: toolFor("whois domain"),
    values: ["example.com"],
    status: "success",
    at: 4,
    creatorId: admin,
    answer: whois,
  });
  const run = (id: number, playbookId: number, containerId: number) =>
    rows.number(playbookRuns, {
      id,
      playbookId,
      containerId,
      effectiveUserId: automation,
      status: "success",
      message: `{"message":"No actions were executed","playbook_run_id":${id},"result":[],"status":"success"}`,
      createTime: written.get(containerId)!.at(3),
      startTime: written.get(containerId)!.at(3),
      updateTime: written.get(containerId)!.at(4),
      endTime: written.get(containerId)!.at(4),
    });
  run(25, 58, 79);
  run(46, 42, 24);
  addRun(rows, written.get(24)!, {
    id: 47,
    tool: toolFor("whois domain"),
    values: ["amazon.com"],
    status: "success",
    at: 3,
    playbookId: 42,
    playbookRunId: 46,
    name: "automated action 'whois domain' of 'whois_app' playbook",
  });
}

export const runTables = [playbookRuns, statusChanges, actionRuns, appRuns, actionResults, approvals];
