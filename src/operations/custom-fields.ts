import { asc } from "drizzle-orm";
import { refuse } from "../errors.js";
import type { Work } from "../operation.js";
import { customFields } from "../schema/custom-field.js";

type Defined = typeof customFields.$inferSelect;

/** Refuses values of fields that no administrator defined or that do not fit, and with `complete` missing required ones. */
export async function checkCustomFields(
  { writer }: Work<unknown>,
  values: Record<string, unknown>,
  complete: boolean,
): Promise<void> {
  const defined = await writer.select().from(customFields).orderBy(asc(customFields.order), asc(customFields.name));
  for (const [name, value] of Object.entries(values)) {
    const field = defined.find((one) => one.name === name);
    if (!field) {
      const known = defined.map((one) => one.name).join(", ") || "none";
      return refuse(
        "INVALID_VALUE",
        `There is no custom field ${JSON.stringify(name)}. Defined: ${known}.`,
        "customFields",
      );
    }
    if (value !== null && !fits(field, value)) {
      const takes = field.fieldType === "select" ? `one of ${field.options.join(", ")}` : `a ${field.fieldType}`;
      return refuse(
        "INVALID_VALUE",
        `The custom field ${JSON.stringify(name)} is ${JSON.stringify(value)}; it takes ${takes}.`,
        "customFields",
      );
    }
  }
  const missing = defined.find(({ name, required }) => complete && required && isBlank(values[name]));
  if (missing) refuse("INVALID_VALUE", `The custom field ${JSON.stringify(missing.name)} is required.`, "customFields");
}

function fits({ fieldType, options }: Defined, value: unknown): boolean {
  if (fieldType === "number") return typeof value === "number";
  if (fieldType === "boolean") return typeof value === "boolean";
  return typeof value === "string" && (fieldType !== "select" || options.includes(value));
}

const isBlank = (value: unknown) => value === undefined || value === null || String(value).trim() === "";
