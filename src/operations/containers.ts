import { createHash, randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { visible } from "../auth/visible.js";
import { refuse } from "../errors.js";
import { operation, type Work } from "../operation.js";
import { Container, containers, containerType, sensitivity } from "../schema/container.js";
import {
  defaulted,
  flag,
  found,
  given,
  idOrName,
  int,
  list,
  object,
  optional,
  required,
  text,
  word,
} from "../schema/operations.js";
import type { IdOrName } from "../schema/scalars.js";
import { systemSettings } from "../schema/system.js";
import { Tenant, tenants } from "../schema/tenant.js";
import { artifactInput, canonical, insertArtifacts } from "./artifacts.js";
import { startPlaybooks, withRuns } from "./automation.js";
import { checkCustomFields } from "./custom-fields.js";
import { activeLabel, activeSeverity, atMost, defaultSeverity, defaultStatus, meant, titled } from "./names.js";
import { distinctTags } from "./tags.js";
import { copyTemplate, findTemplate } from "./workbooks.js";

export const createContainer = operation({
  name: "createContainer",
  description:
    "phantom.create_container: creates an event or a case, with its artifacts if given, all or nothing. A sourceDataIdentifier that the tenant already has is refused as DUPLICATE and its container answered.",
  decided: [
    "`template` for an event is refused. Without `tenantId` it is the caller's default tenant, else 0; with multi-tenancy on that is refused.",
    "Its status is the default one of type NEW; it is due by the SLA of its severity, the tenant's or else the system's.",
    "`runAutomation` is true unless given: active playbooks of its label are queued once it stands with its artifacts.",
  ],
  may: "containers:edit",
  input: {
    name: required(text, "Its title."),
    label: required(text, "The name of an active label, whatever its letter case."),
    containerType: defaulted(word(containerType), "default", "Event or case."),
    template: optional(idOrName, "For a case, the workbook template to begin with; left out, the default one."),
    tenantId: optional(
      idOrName,
      "The tenant it belongs to; left out, the caller's default one. Needed when multi-tenancy is on.",
    ),
    description: optional(text, "What it is about."),
    severity: optional(text, "The name of an active severity, whatever its letter case; left out, the default one."),
    sensitivity: optional(word(sensitivity), "With whom it may be shared; left out, AMBER."),
    sourceDataIdentifier: optional(text, "Its id where it came from; left out, a UUID."),
    tags: optional(list(text), "Words to find it by."),
    data: optional(object, "What the source sent, stored as it is."),
    customFields: optional(object, "Values of the fields an administrator added."),
    artifacts: optional(
      list(artifactInput),
      "Artifacts it begins with; equal ones with the same identifier are added once.",
    ),
    runAutomation: defaulted(flag, true, "Also start active playbooks of its label."),
  },
  payload: {
    containerId: given(int, "Id of the container: the new one, or on DUPLICATE the one that stands."),
    container: found(Container, "containerId", "The container itself."),
  },
  async run(work) {
    const { writer, input, emit } = work;
    if (input.containerType === "case") work.permit("cases:edit");
    const template = await templateOf(work, input.containerType, input.template);
    await checkCustomFields(work, input.customFields ?? {}, true);
    const label = await activeLabel(work, input.label);
    const severity = input.severity ? await activeSeverity(work, input.severity) : await defaultSeverity(work);
    const tenant = await tenantOf(work, input.tenantId);
    const [created] = await writer
      .insert(containers)
      .values({
        name: titled("name", input.name),
        label,
        severity,
        status: await defaultStatus(work, "new"),
        containerType: input.containerType,
        tenantId: tenant.id,
        description: input.description ?? "",
        sensitivity: input.sensitivity ?? "amber",
        sourceDataIdentifier: atMost("sourceDataIdentifier", 512, input.sourceDataIdentifier || randomUUID()),
        tags: distinctTags(input.tags),
        data: input.data ?? {},
        customFields: input.customFields ?? {},
        hash: createHash("md5").update(canonical(input)).digest("hex"),
        dueTime: dueTime(tenant.minutes(severity)),
      })
      .onConflictDoNothing({ target: [containers.tenantId, containers.sourceDataIdentifier] })
      .returning({ id: containers.id });
    if (!created) return refuseKnown(work, tenant.id, input.sourceDataIdentifier!);
    emit("CONTAINER_CREATED", created.id, "Container", created.id);
    if (template) await copyTemplate(work, created.id, template);
    const artifacts = await insertArtifacts(work, created.id, "createContainer", input.artifacts ?? []);
    const added = artifacts.filter(({ fresh }) => fresh).length;
    const runs = input.runAutomation ? await startPlaybooks(work, created.id) : [];
    return {
      message: `Container ${created.id} created${withArtifacts(added)}${withRuns(runs)}.`,
      result: { containerId: created.id },
    };
  },
});

const withArtifacts = (count: number) => (count ? ` with ${count} ${count === 1 ? "artifact" : "artifacts"}` : "");

function templateOf(work: Work<unknown>, type: "default" | "case", template: IdOrName | null | undefined) {
  if (type === "case") return findTemplate(work, template);
  if (template === null || template === undefined) return undefined;
  const message = "Only a case has a workbook template: set containerType to CASE, or leave template out.";
  return refuse("INVALID_VALUE", message, "template");
}

/** The tenant meant, and how many minutes it gives to resolve a container of a severity. */
async function tenantOf({ writer, context }: Work<unknown>, given: IdOrName | null | undefined) {
  const [settings] = await writer.select().from(systemSettings);
  const absent = given === null || given === undefined;
  if (absent && settings!.multiTenancy)
    refuse("INVALID_VALUE", "Multi-tenancy is on: say in tenantId which tenant it belongs to.", "tenantId");
  const reference = absent ? (context.caller.defaultTenantId ?? 0) : given;
  const [tenant] = await writer
    .select()
    .from(tenants)
    .where(and(meant(tenants, reference, tenants.name), visible(Tenant, tenants, context.caller)));
  if (!tenant) return refuse("NOT_FOUND", `There is no tenant ${JSON.stringify(reference)}.`, "tenantId");
  if (tenant.disabled) return refuse("INACTIVE", `The tenant ${JSON.stringify(tenant.name)} is disabled.`, "tenantId");
  const minutes = { ...settings!.slaMinutes, ...tenant.slas };
  return { id: tenant.id, minutes: (severity: string): number | undefined => minutes[severity] };
}

function dueTime(minutes: number | undefined) {
  return minutes === undefined ? null : sql`now() + make_interval(mins => ${minutes}::int)`;
}

/** A container that the caller may not see is not told apart from others by more than its identifier being taken. */
async function refuseKnown({ writer, context }: Work<unknown>, tenantId: number, identifier: string): Promise<never> {
  const known = and(eq(containers.tenantId, tenantId), eq(containers.sourceDataIdentifier, identifier));
  const [standing] = await writer
    .select({ id: containers.id })
    .from(containers)
    .where(and(known, visible(Container, containers, context.caller)));
  const place = standing ? `container ${standing.id}` : "a container that you may not see";
  const message = `Tenant ${tenantId} already has the sourceDataIdentifier ${JSON.stringify(identifier)}, in ${place}.`;
  return refuse("DUPLICATE", message, "sourceDataIdentifier", standing && { containerId: standing.id });
}
