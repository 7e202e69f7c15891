import { type SQL, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { visible } from "../auth/visible.js";
import { ActionRun, actionRuns } from "../schema/action-run.js";
import { namedEnum } from "../schema/enums.js";
import { found, int, list, number, optional, required, type Token, text } from "../schema/operations.js";
import { Playbook, PlaybookRun, playbookRuns, playbooks } from "../schema/playbook.js";
import { record } from "../schema/record.js";
import { type Asked, all, given, inCounted, inWindowOfLabel, type Widget } from "./widget.js";
import { averageSeconds, date, dayOf, eachDay, within } from "./window.js";

/** Of the most used ones, how many are told. */
const most = 10;

const used = {
  total: required(int, "How often it ran."),
  averageDuration: optional(number, "How long it ran, in seconds on average; null: it never began and ended."),
};

const TopAction = record("TopAction", "An action that ran often.", {
  actionName: required(text, "The action, such as `url reputation`."),
  ...used,
});

const TopPlaybook = record("TopPlaybook", "A playbook that ran often.", {
  playbookId: required(int, "Its id."),
  playbookName: required(text, "Its name."),
  ...used,
  playbook: found(Playbook, "playbookId", "The playbook itself."),
});

const TopPlaybooksActions = record("TopPlaybooksActions", "What ran most often.", {
  actions: required(list(TopAction), `The actions, the most used first, ${most} at most.`),
  playbooks: required(list(TopPlaybook), `The playbooks, the most used first, ${most} at most.`),
});

const RunsOfDay = record("RunsOfDay", "What ran on a day.", {
  date,
  playbooks: required(int, "How many playbook runs were asked for."),
  actions: required(int, "How many actions were asked for."),
});

const PlaybookStats = record("PlaybookStats", "How many playbooks there are.", {
  total: required(int, "How many that are not disabled."),
  active: required(int, "How many of them run by themselves on new containers."),
});

const filters = namedEnum("ActionFilter", "Who asked for an action.", {
  manual: "A person did.",
  automated: "A playbook did.",
});
const actionFilter: Token<string> = { thunk: () => filters };

export const a = alias(actionRuns, "a");
export const p = alias(playbookRuns, "p");

export const ofRunner = { userId: optional(int, "Only what this user ran, by id.") };

/** The runs that count: shown to the caller, in the window, on containers of the label, by the user asked for. */
export function actionsCounted({ caller, window, label, userId }: Asked): SQL {
  const byUser = given(userId) ? sql`(${a.creatorId} = ${userId} or ${a.ownerId} = ${userId})` : undefined;
  return all(visible(ActionRun, a, caller), within(a.createTime, window), inCounted(a, { label }), byUser);
}
export function playbooksCounted({ caller, window, label, userId }: Asked): SQL {
  const byUser = given(userId) ? sql`${p.ownerId} = ${userId}` : undefined;
  return all(visible(PlaybookRun, p, caller), within(p.createTime, window), inCounted(p, { label }), byUser);
}

export const topPlaybooksActions: Widget = {
  name: "topPlaybooksActions",
  description: "The actions and playbooks that ran most often, and how long they took.",
  takes: {
    actionFilter: optional(actionFilter, "Only actions that a person asked for, or that a playbook did."),
    playbookCategory: optional(text, "Only playbooks of this category, whatever its letter case."),
    ...inWindowOfLabel,
    ...ofRunner,
  },
  gives: TopPlaybooksActions,
  many: false,
  statement: (asked) => sql`
    select (select coalesce(json_agg(t), '[]') from (${topActions(asked)}) t) as actions,
      (select coalesce(json_agg(t), '[]') from (${topPlaybooks(asked)}) t) as playbooks`,
};

function topActions(asked: Asked): SQL {
  const { actionFilter } = asked;
  // What a person does has no start; all else that has none was ended before it ran.
  const byHand = sql`case when ${a.type} = 'manual' then ${a.createTime} end`;
  const asker = { manual: sql`${a.playbookRunId} is null`, automated: sql`${a.playbookRunId} is not null` };
  return sql`
    select ${a.action} as "actionName", count(*) as total, ${averageSeconds(sql`${a.closeTime} - coalesce(${a.startTime}, ${byHand})`)} as "averageDuration"
    from ${actionRuns} a where ${all(actionsCounted(asked), actionFilter ? asker[actionFilter] : undefined)}
    group by ${a.action} order by total desc, 1 limit ${most}`;
}

function topPlaybooks(asked: Asked): SQL {
  const { playbookCategory, caller } = asked;
  const ofCategory = given(playbookCategory)
    ? sql`lower(${playbooks.category}) = lower(${playbookCategory})`
    : undefined;
  return sql`
    select ${playbooks.id} as "playbookId", ${playbooks.name} as "playbookName", total, "averageDuration" from ${playbooks} join (
      select ${p.playbookId} as played, count(*) as total, ${averageSeconds(sql`${p.endTime} - ${p.startTime}`)} as "averageDuration"
      from ${playbookRuns} p where ${playbooksCounted(asked)} group by 1) runs on played = ${playbooks.id}
    where ${all(visible(Playbook, playbooks, caller), ofCategory)} order by total desc, 1 limit ${most}`;
}

export const playbooksActionsStats: Widget = {
  name: "playbooksActionsStats",
  description: "How many playbooks and actions were asked for, day by day.",
  takes: inWindowOfLabel,
  gives: RunsOfDay,
  many: true,
  statement(asked) {
    const runs = sql`
      select day, sum(playbooks) as playbooks, sum(actions) as actions from (
        select ${dayOf(p.createTime)} as day, count(*) as playbooks, 0 as actions from ${playbookRuns} p where ${playbooksCounted(asked)} group by 1
        union all
        select ${dayOf(a.createTime)}, 0, count(*) from ${actionRuns} a where ${actionsCounted(asked)} group by 1) runs
      group by 1`;
    return eachDay(asked.window, runs, sql`coalesce(playbooks, 0) as playbooks, coalesce(actions, 0) as actions`);
  },
};

export const playbookStats: Widget = {
  name: "playbookStats",
  description: "How many playbooks there are, and how many of them are active.",
  takes: { label: optional(text, "Only playbooks for containers of this label, whatever its letter case.") },
  gives: PlaybookStats,
  many: false,
  statement({ caller, label }) {
    const meant = given(label)
      ? sql`exists (select from unnest(${playbooks.labels}) l where l = '*' or lower(l) = lower(${label}))`
      : undefined;
    return sql`select count(*) as total, count(*) filter (where ${playbooks.active}) as active
      from ${playbooks} where ${all(visible(Playbook, playbooks, caller), sql`not ${playbooks.disabled}`, meant)}`;
  },
};
