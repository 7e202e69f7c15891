/** The areas of SOAR's permissions and what may be done in each. */
export const areas = {
  containers: ["view", "edit", "delete"],
  cases: ["view", "edit", "delete"],
  playbooks: ["view", "edit", "delete", "execute"],
  apps: ["view", "edit", "delete", "execute"],
  assets: ["view", "edit", "delete"],
  workbooks: ["view", "edit", "delete"],
  users: ["view", "edit", "delete"],
  settings: ["view", "edit"],
} as const;

type Areas = typeof areas;

/** What a role allows, as `area:verb`. */
export type Permission = { [Area in keyof Areas]: `${Area}:${Areas[Area][number]}` }[keyof Areas];

export const everyPermission = Object.entries(areas).flatMap(([area, verbs]) =>
  verbs.map((verb) => `${area}:${verb}` as Permission),
);
