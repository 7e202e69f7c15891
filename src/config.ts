import { existsSync } from "node:fs";
import { z } from "zod";
import { isRange } from "./auth/addresses.js";
import { StartError } from "./errors.js";
import { limits } from "./limits.js";

const flag = z.enum(["true", "false"]).transform((word) => word === "true");
const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    "must be an origin such as https://soc.example.com",
  );
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
const pair = z
  .string()
  .regex(/^[^=]+=[^=]+$/, "must be pairs such as soc-lead=Incident Commander")
  .transform((text) => text.split("=").map((part) => part.trim()) as [string, string]);

/** Every setting of the process; `.env.example` says what each means. */
const settings = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65535).default(4000),
    HOST: z.string().min(1).default("127.0.0.1"),
    DATABASE_URL: z
      .string()
      .regex(/^postgres(ql)?:\/\//, "must begin with postgres:// or postgresql://")
      .optional(),
    DATA_DIR: z.string().min(1).default(".data"),
    ADMIN_TOKEN: z
      .string()
      .min(16, "must have at least 16 characters")
      .regex(/^[\x21-\x7e]*$/, "must be of letters, digits and signs without blanks")
      .optional(),
    SAMPLE_DATA: flag.optional(),
    CORS_ORIGINS: list.pipe(z.array(origin)).optional(),
    TRUSTED_PROXIES: list
      .pipe(
        z.array(
          z
            .string()
            .refine((text) => isRange(text) && text !== "any", "must be addresses or ranges such as 10.0.0.0/8"),
        ),
      )
      .optional(),
    OIDC_ISSUER: z
      .url({ protocol: /^https?$/, error: "must be an address such as https://login.example.com" })
      .optional(),
    OIDC_AUDIENCE: z.string().min(1).default("soar-graphql"),
    OIDC_USERNAME_CLAIM: z.string().min(1).default("preferred_username"),
    OIDC_ROLES_CLAIM: z.string().min(1).default("roles"),
    OIDC_ROLE_MAP: list
      .pipe(z.array(pair))
      .transform((pairs) => new Map(pairs))
      .optional(),
    WORKER: flag.default(true),
    WORKER_PLACES: z.coerce.number().int().min(1).max(100).default(4),
    ACTION_SECONDS: z.coerce.number().positive().max(86_400).default(300),
    CONNECTORS: list.optional(),
    PERSISTED_OPERATIONS: z.string().min(1).optional(),
    PERSISTED_ONLY: flag.default(false),
    COST_PER_MINUTE: z.coerce
      .number()
      .int()
      .refine((cost) => cost === 0 || cost >= limits.cost.most, `must be 0 or at least ${limits.cost.most}`)
      .default(50_000_000),
    ACCEPT_DATA_LOSS: flag.default(false),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine(({ PERSISTED_OPERATIONS, PERSISTED_ONLY }) => PERSISTED_OPERATIONS || !PERSISTED_ONLY, {
    path: ["PERSISTED_ONLY"],
    message: "needs PERSISTED_OPERATIONS",
  });

export type Config = z.infer<typeof settings>;

/** The settings of the environment and `.env`, checked; a StartError lists every mistake at once. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  if (environment === process.env && existsSync(".env")) process.loadEnvFile(".env");
  const given = Object.fromEntries(Object.entries(environment).filter(([, text]) => text !== ""));
  const read = settings.safeParse(given);
  if (read.success) return read.data;
  const mistakes = read.error.issues.map(
    (issue) => `  ${String(issue.path[0])}: ${issue.message}, is ${shown(issue.path[0], given)}`,
  );
  throw new StartError(`These settings cannot be used (.env.example explains each):\n${mistakes.join("\n")}`);
}

const secrets = new Set<unknown>(["ADMIN_TOKEN", "DATABASE_URL"]);

function shown(name: PropertyKey | undefined, given: NodeJS.ProcessEnv): string {
  return secrets.has(name) ? "a secret not shown here" : JSON.stringify(given[String(name)]);
}
