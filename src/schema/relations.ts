import { actionResults, actionRuns, appRuns, approvals } from "./action-run.js";
import { appActions, assetApprovers, assets } from "./app.js";
import { appStatuses } from "./app-status.js";
import { artifacts } from "./artifact.js";
import { auditEntries } from "./audit.js";
import { caseItems } from "./case-item.js";
import { comments } from "./comment.js";
import { containers } from "./container.js";
import "./custom-field.js";
import { notes } from "./note.js";
import { pins } from "./pin.js";
import { playbookRuns, playbooks } from "./playbook.js";
import { relate, relateThrough } from "./relate.js";
import { statusChanges } from "./status-change.js";
import { tokens } from "./token.js";
import { roleLabels, roleTenants, userRoles, users } from "./user.js";
import { vaultItems } from "./vault.js";
import { phases, phaseTemplates, tasks, taskTemplates, workbooks, workbookTemplates } from "./workbook.js";

/*
 * Every relation of the model, one a line: the foreign key, the field that follows it and the list that leads back.
 */

relate(containers.label, { one: ["labelInfo", "Its label."], many: ["containers", "Containers with this label."] });
relate(containers.severity, {
  one: ["severityInfo", "Its severity."],
  many: ["containers", "Containers of this severity."],
});
relate(containers.status, { one: ["statusInfo", "Its status."], many: ["containers", "Containers in this status."] });
relate(containers.tenantId, { one: ["tenant", "The tenant it belongs to."], many: ["containers", "Its containers."] });
relate(containers.ownerId, {
  one: ["owner", "The user it is assigned to."],
  many: ["ownedContainers", "Containers assigned to them."],
});
relate(containers.roleId, {
  one: ["role", "The role it is assigned to."],
  many: ["containers", "Containers assigned to it."],
});
relate(containers.closingOwnerId, { one: ["closingOwner", "Who resolved it."] });
relate(containers.closingPlaybookRunId, { one: ["closingRuleRun", "The playbook run that resolved it."] });
relate(containers.assetId, {
  one: ["asset", "The asset it came from."],
  many: ["containers", "Containers that came from it."],
});
relate(containers.ingestAppId, { one: ["ingestApp", "The app that brought it in."] });
relate(containers.currentPhaseId, { one: ["currentPhase", "The phase the work on it is in."] });
relate(containers.parentContainerId, {
  one: ["parentContainer", "The case it was merged into."],
  many: ["children", "Containers merged into it."],
});

relate(statusChanges.containerId, {
  one: ["container", "The container whose status changed."],
  many: ["statusChanges", "The statuses it went through."],
});
relate(statusChanges.userId, { one: ["user", "Who changed it; null: automation."] });
relate(statusChanges.playbookRunId, { one: ["playbookRun", "The playbook run that changed it."] });

relate(artifacts.containerId, {
  one: ["container", "The container it belongs to."],
  many: ["artifacts", "Its evidence."],
});
relate(artifacts.severity, {
  one: ["severityInfo", "Its severity."],
  many: ["artifacts", "Artifacts of this severity."],
});
relate(artifacts.ownerId, { one: ["owner", "Who added it; null: automation."] });
relate(artifacts.playbookRunId, {
  one: ["playbookRun", "The playbook run that added it."],
  many: ["artifacts", "Artifacts it added."],
});
relate(artifacts.ingestAppId, { one: ["ingestApp", "The app that brought it in."] });
relate(artifacts.parentContainerId, { one: ["parentContainer", "The container it was copied from."] });
relate(artifacts.parentArtifactId, {
  one: ["parentArtifact", "The artifact it was copied from."],
  many: ["copies", "Copies of it in cases."],
});

relate(notes.containerId, {
  one: ["container", "The container it belongs to."],
  many: ["notes", "Its notes, those on its artifacts and tasks included."],
});
relate(notes.artifactId, { one: ["artifact", "The artifact it is about."], many: ["notes", "Notes about it."] });
relate(notes.taskId, { one: ["task", "The task it is about."], many: ["notes", "Notes about it."] });
relate(notes.phaseId, { one: ["phase", "The phase it was written in."], many: ["notes", "Notes written in it."] });
relate(notes.authorId, { one: ["author", "Who wrote it; null: automation."], many: ["notes", "Notes they wrote."] });

relate(pins.containerId, {
  one: ["container", "The container it is pinned to."],
  many: ["pins", "What is pinned to it."],
});
relate(pins.playbookId, { one: ["playbook", "The playbook it leads to."] });
relate(pins.authorId, { one: ["author", "Who pinned it; null: automation."] });

relate(comments.containerId, {
  one: ["container", "The container it is about."],
  many: ["comments", "What was said about it."],
});
relate(comments.authorId, { one: ["author", "Who said it; null: automation."] });

relate(users.defaultTenantId, { one: ["defaultTenant", "Tenant of containers this user makes without naming one."] });
relateThrough(
  { from: userRoles.userId, to: userRoles.roleId },
  { from: ["roles", "What they may do."], to: ["users", "Who holds it."] },
);

relateThrough(
  { from: roleLabels.roleId, to: roleLabels.labelId },
  {
    from: ["grantedLabels", "When any role of a user is granted a label, they see containers of granted labels alone."],
    to: ["grantedTo", "Roles that are granted it."],
  },
);
relateThrough(
  { from: roleTenants.roleId, to: roleTenants.tenantId },
  {
    from: [
      "grantedTenants",
      "When any role of a user is granted a tenant, they see containers of granted tenants alone.",
    ],
    to: ["grantedTo", "Roles that are granted it."],
  },
);
relate(tokens.userId, {
  one: ["user", "The user it stands for."],
  many: ["tokens", "Tokens that stand for them, which they see themselves and those who may view users."],
});

relate(phaseTemplates.templateId, {
  one: ["template", "The template it belongs to."],
  many: ["phases", "Its phases."],
});
relate(taskTemplates.phaseId, { one: ["phase", "The phase it belongs to."], many: ["tasks", "Its tasks."] });
relate(taskTemplates.ownerId, { one: ["owner", "The user its copies are given to."] });
relate(taskTemplates.roleId, { one: ["role", "The role its copies are given to."] });
relate(workbookTemplates.creatorId, { one: ["creator", "Who made it."] });

relate(workbooks.containerId, {
  one: ["container", "The container it belongs to."],
  many: ["workbooks", "Its workbooks."],
});
relate(workbooks.templateId, {
  one: ["template", "The template it was copied from."],
  many: ["workbooks", "Its copies."],
});
relate(phases.containerId, {
  one: ["container", "The container it belongs to."],
  many: ["phases", "The phases of its workbooks."],
});
relate(phases.workbookId, { one: ["workbook", "The workbook it belongs to."], many: ["phases", "Its phases."] });
relate(tasks.containerId, { one: ["container", "The container it belongs to."], many: ["tasks", "Its tasks."] });
relate(tasks.phaseId, { one: ["phase", "The phase it belongs to; null: none."], many: ["tasks", "Its tasks."] });
relate(tasks.ownerId, { one: ["owner", "The user it is assigned to."], many: ["tasks", "Tasks assigned to them."] });
relate(tasks.roleId, { one: ["role", "The role it is assigned to."], many: ["tasks", "Tasks assigned to it."] });

relate(appActions.appId, { one: ["app", "The app that offers it."], many: ["actions", "The actions it offers."] });
relate(assets.appId, { one: ["app", "The app it is set up for."], many: ["assets", "Assets set up for it."] });
relate(appStatuses.appId, { one: ["app", "The app it was tested by."], many: ["appStatuses", "Tests of its assets."] });
relate(appStatuses.assetId, { one: ["asset", "The asset that was tested."], many: ["appStatuses", "Its last test."] });
relateThrough(
  { from: assetApprovers.assetId, to: assetApprovers.userId },
  {
    from: ["approvers", "Who is asked before an action runs on it."],
    to: ["approvedAssets", "Assets whose actions they approve."],
  },
);

relate(playbooks.latestEditorId, { one: ["latestEditor", "Who saved it last."] });
relate(playbookRuns.containerId, {
  one: ["container", "The container it works on."],
  many: ["playbookRuns", "Playbooks that ran on it."],
});
relate(playbookRuns.playbookId, { one: ["playbook", "The playbook that runs."], many: ["runs", "Its runs."] });
relate(playbookRuns.ownerId, {
  one: ["owner", "Who started it; null: automation."],
  many: ["playbookRuns", "Playbook runs they started."],
});
relate(playbookRuns.effectiveUserId, { one: ["effectiveUser", "With whose permissions it runs."] });
relate(playbookRuns.lastArtifactId, { one: ["lastArtifact", "The newest artifact it has seen."] });

relate(actionRuns.containerId, {
  one: ["container", "The container it runs on."],
  many: ["actionRuns", "Actions that ran on it."],
});
relate(actionRuns.playbookRunId, {
  one: ["playbookRun", "The playbook run that asked for it."],
  many: ["actionRuns", "Actions it asked for."],
});
relate(actionRuns.playbookId, {
  one: ["playbook", "The playbook that asked for it."],
  many: ["actionRuns", "Actions it asked for."],
});
relate(actionRuns.creatorId, {
  one: ["creator", "Who asked for it; null: automation."],
  many: ["actionRuns", "Actions they asked for."],
});
relate(actionRuns.ownerId, { one: ["owner", "Who has to do or watch it."] });
relate(appRuns.actionRunId, {
  one: ["actionRun", "The action it is part of."],
  many: ["appRuns", "Where it ran: one for each app and asset."],
});
relate(appRuns.containerId, { one: ["container", "The container it runs on."], many: ["appRuns", "App runs on it."] });
relate(appRuns.playbookRunId, {
  one: ["playbookRun", "The playbook run that asked for it."],
  many: ["appRuns", "App runs it asked for."],
});
relate(appRuns.appId, { one: ["app", "The app it runs by."], many: ["runs", "Its runs."] });
relate(appRuns.assetId, {
  one: ["asset", "The asset it runs on; null: none is needed."],
  many: ["appRuns", "App runs on it."],
});
relate(appRuns.effectiveUserId, { one: ["effectiveUser", "With whose permissions it runs."] });
relate(actionResults.appRunId, {
  one: ["appRun", "The app run that gave it."],
  many: ["results", "Its results: one for each set of parameters."],
});
relate(approvals.actionRunId, {
  one: ["actionRun", "The action that waits for it."],
  many: ["approvals", "Who was asked whether it may run."],
});
relate(approvals.containerId, {
  one: ["container", "The container the action runs on."],
  many: ["approvals", "Questions whether an action on it may run."],
});
relate(approvals.assetId, { one: ["asset", "The asset the action runs on."] });
relate(approvals.approverId, { one: ["approver", "Who was asked."], many: ["approvals", "What they were asked."] });

relate(vaultItems.containerId, {
  one: ["container", "The container it is attached to."],
  many: ["vaultItems", "Its files."],
});
relate(vaultItems.taskId, { one: ["task", "The task it was added for."], many: ["files", "Files added for it."] });
relate(vaultItems.userId, {
  one: ["user", "Who added it; null: automation."],
  many: ["vaultItems", "Files they added."],
});
relate(caseItems.containerId, {
  one: ["case", "The case it was merged into."],
  many: ["caseItems", "What was merged into it."],
});
relate(caseItems.authorId, { one: ["author", "Who merged it; null: automation."] });

relate(
  auditEntries.userId,
  { one: ["user", "Who asked for it."], many: ["auditEntries", "What they asked for."] },
  users.id,
);
relate(
  auditEntries.containerId,
  {
    one: ["container", "The container it was about; null: none, or it is gone."],
    many: ["auditEntries", "What was asked for on it."],
  },
  containers.id,
);
