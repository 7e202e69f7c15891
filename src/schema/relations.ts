import { artifacts } from "./artifact.js";
import { comments } from "./comment.js";
import { containers } from "./container.js";
import { relate } from "./expose.js";
import { notes } from "./note.js";
import { pins } from "./pin.js";
import { users } from "./user.js";

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
relate(containers.parentContainerId, {
  one: ["parentContainer", "The case it was merged into."],
  many: ["children", "Containers merged into it."],
});

relate(artifacts.containerId, {
  one: ["container", "The container it belongs to."],
  many: ["artifacts", "Its evidence."],
});
relate(artifacts.severity, {
  one: ["severityInfo", "Its severity."],
  many: ["artifacts", "Artifacts of this severity."],
});
relate(artifacts.ownerId, { one: ["owner", "Who added it; null: automation."] });
relate(artifacts.parentContainerId, { one: ["parentContainer", "The container it was copied from."] });
relate(artifacts.parentArtifactId, {
  one: ["parentArtifact", "The artifact it was copied from."],
  many: ["copies", "Copies of it in cases."],
});

relate(notes.containerId, {
  one: ["container", "The container it belongs to."],
  many: ["notes", "Its notes, those on its artifacts included."],
});
relate(notes.artifactId, { one: ["artifact", "The artifact it is about."], many: ["notes", "Notes about it."] });
relate(notes.authorId, { one: ["author", "Who wrote it; null: automation."], many: ["notes", "Notes they wrote."] });

relate(pins.containerId, {
  one: ["container", "The container it is pinned to."],
  many: ["pins", "What is pinned to it."],
});
relate(pins.authorId, { one: ["author", "Who pinned it; null: automation."] });

relate(comments.containerId, {
  one: ["container", "The container it is about."],
  many: ["comments", "What was said about it."],
});
relate(comments.authorId, { one: ["author", "Who said it; null: automation."] });

relate(users.defaultTenantId, { one: ["defaultTenant", "Tenant of containers this user makes without naming one."] });
