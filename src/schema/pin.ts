import { sql } from "drizzle-orm";
import { check, index, integer, pgEnum, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import { id, time, timeOfInsert } from "./columns.js";
import { containers } from "./container.js";
import { exposeEnum } from "./enums.js";
import { expose } from "./expose.js";
import { playbooks } from "./playbook.js";
import { users } from "./user.js";

export const pinType = pgEnum("pin_type", ["card", "data", "card_small", "card_medium", "card_large"]);
exposeEnum(pinType, "PinType", "How a pin is laid out.", {
  card: "A card.",
  data: "A line of data.",
  card_small: "A small card.",
  card_medium: "A medium card.",
  card_large: "A large card.",
});

export const pinStyle = pgEnum("pin_style", ["grey", "blue", "red", "white", "purple"]);
exposeEnum(pinStyle, "PinStyle", "What colour a pin has.", {
  grey: "Grey.",
  blue: "Blue.",
  red: "Red.",
  white: "White.",
  purple: "Purple.",
});

export const pins = pgTable(
  "pins",
  {
    id: id(),
    containerId: integer()
      .notNull()
      .references(() => containers.id, { onDelete: "cascade" }),
    name: text(),
    message: text(),
    data: text(),
    pinType: pinType().notNull().default("data"),
    pinStyle: pinStyle().notNull().default("grey"),
    order: integer().notNull().default(0),
    customField: text(),
    presetMetric: text(),
    authorId: integer().references(() => users.id),
    playbookId: integer().references(() => playbooks.id),
    createTime: timeOfInsert(),
    modifiedTime: time(),
  },
  (t) => [
    uniqueIndex("pins_name").on(t.containerId, t.name).where(sql`${t.name} is not null`),
    check("pins_content", sql`${t.message} is not null or ${t.data} is not null`),
    index().on(t.name, t.id),
    index().on(t.containerId, t.id),
    index().on(t.authorId, t.id),
    index().on(t.playbookId, t.id),
    index().on(t.containerId, t.order, t.id),
    index().on(t.createTime, t.id),
    index().on(t.order, t.id),
  ],
);

export const Pin = expose(pins, {
  name: "Pin",
  description: "A fact pinned to the head of a container for everybody to see.",
  one: "pin",
  many: "pins",
  orderBy: ["createTime", "order"],
  fields: {
    id: "SOAR's numeric id.",
    name: "Unique in its container; pinning the same name again changes the pin. Null: it has none.",
    message: "What the data means.",
    data: "The fact itself.",
    pinType: "How it is laid out.",
    pinStyle: "What colour it has.",
    order: "Place among the pins of its container.",
    customField: "The custom field it shows, if it shows one.",
    presetMetric: "The built-in figure it shows, if it shows one.",
    createTime: "When it was pinned.",
    modifiedTime: "When it was last changed; null: never.",
  },
});
