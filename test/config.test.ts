import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readConfig } from "../src/config.js";
import { StartError } from "../src/errors.js";

function mistakesOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }
  return "";
}

describe("the settings", () => {
  test("have a default each", () => {
    expect(readConfig({})).toEqual({
      PORT: 4000,
      HOST: "127.0.0.1",
      DATA_DIR: ".data",
      OIDC_AUDIENCE: "soar-graphql",
      OIDC_USERNAME_CLAIM: "preferred_username",
      OIDC_ROLES_CLAIM: "roles",
      WORKER: true,
      WORKER_PLACES: 4,
      ACTION_SECONDS: 300,
      PERSISTED_ONLY: false,
      COST_PER_MINUTE: 50_000_000,
      ACCEPT_DATA_LOSS: false,
      LOG_LEVEL: "info",
    });
  });

  test("are read from the environment, which may hold others too", () => {
    const given = {
      PORT: "0",
      HOST: "::1",
      DATABASE_URL: "postgresql://localhost/soar",
      DATA_DIR: "/srv/soar",
      ADMIN_TOKEN: "0123456789abcdef",
      SAMPLE_DATA: "false",
      CORS_ORIGINS: "https://soc.example.com, http://localhost:8080,",
      PERSISTED_OPERATIONS: "operations",
      PERSISTED_ONLY: "true",
      COST_PER_MINUTE: "0",
      ACCEPT_DATA_LOSS: "true",
      LOG_LEVEL: "silent",
      TRUSTED_PROXIES: "10.0.0.5, 192.168.0.0/16",
      OIDC_ISSUER: "https://login.example.com",
      OIDC_AUDIENCE: "soar",
      OIDC_USERNAME_CLAIM: "upn",
      OIDC_ROLES_CLAIM: "groups",
      OIDC_ROLE_MAP: "soc-lead = Incident Commander, audit=Observer",
      WORKER: "false",
      WORKER_PLACES: "16",
      ACTION_SECONDS: "2.5",
      CONNECTORS: "one.js, /srv/two.js",
    };
    expect(readConfig({ ...given, PATH: "/bin" })).toEqual({
      ...given,
      PORT: 0,
      SAMPLE_DATA: false,
      WORKER: false,
      WORKER_PLACES: 16,
      ACTION_SECONDS: 2.5,
      CONNECTORS: ["one.js", "/srv/two.js"],
      TRUSTED_PROXIES: ["10.0.0.5", "192.168.0.0/16"],
      OIDC_ROLE_MAP: new Map([
        ["soc-lead", "Incident Commander"],
        ["audit", "Observer"],
      ]),
      PERSISTED_ONLY: true,
      COST_PER_MINUTE: 0,
      ACCEPT_DATA_LOSS: true,
      CORS_ORIGINS: ["https://soc.example.com", "http://localhost:8080"],
    });
  });

  test("that are empty are unset", () => {
    const names = [
      "PORT",
      "HOST",
      "DATABASE_URL",
      "DATA_DIR",
      "ADMIN_TOKEN",
      "SAMPLE_DATA",
      "CORS_ORIGINS",
      "PERSISTED_OPERATIONS",
      "PERSISTED_ONLY",
      "COST_PER_MINUTE",
      "ACCEPT_DATA_LOSS",
      "LOG_LEVEL",
    ];
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ""])))).toEqual(readConfig({}));
  });

  test("that are wrong are all named at once, each with its value", () => {
    const message = mistakesOf({
      PORT: "4OOO",
      SAMPLE_DATA: "yes",
      CORS_ORIGINS: "https://soc.example.com/",
      LOG_LEVEL: "loud",
      TRUSTED_PROXIES: "10.0.0.0/33",
      OIDC_ISSUER: "login",
      OIDC_ROLE_MAP: "audit",
      WORKER_PLACES: "0",
    });
    expect(message.split("\n")).toEqual([
      "These settings cannot be used (.env.example explains each):",
      expect.stringMatching(/^ {2}PORT: .+, is "4OOO"$/),
      expect.stringMatching(/^ {2}SAMPLE_DATA: .+, is "yes"$/),
      '  CORS_ORIGINS: must be an origin such as https://soc.example.com, is "https://soc.example.com/"',
      '  TRUSTED_PROXIES: must be addresses or ranges such as 10.0.0.0/8, is "10.0.0.0/33"',
      '  OIDC_ISSUER: must be an address such as https://login.example.com, is "login"',
      '  OIDC_ROLE_MAP: must be pairs such as soc-lead=Incident Commander, is "audit"',
      expect.stringMatching(/^ {2}WORKER_PLACES: .+, is "0"$/),
      expect.stringMatching(/^ {2}LOG_LEVEL: .+, is "loud"$/),
    ]);
  });

  test.each(["65536", "-1", "80.5", "port"])("refuse the port %j", (PORT) => {
    expect(mistakesOf({ PORT })).toContain(`is "${PORT}"`);
  });

  test("that allow only operations that are kept need some to be kept", () => {
    expect(mistakesOf({ PERSISTED_ONLY: "true" })).toContain("PERSISTED_ONLY: needs PERSISTED_OPERATIONS");
  });

  test.each(["499999", "-1", "1.5"])("refuse %s as what may be asked in a minute", (COST_PER_MINUTE) => {
    expect(mistakesOf({ COST_PER_MINUTE })).toContain(`is "${COST_PER_MINUTE}"`);
  });

  test("that are secret are not shown, right or wrong", () => {
    const message = mistakesOf({
      PORT: "none",
      ADMIN_TOKEN: "short-secret",
      DATABASE_URL: "mysql://someone:secret@localhost/db",
    });
    expect(message).toContain("ADMIN_TOKEN: must have at least 16 characters, is a secret not shown here");
    expect(message).toContain("DATABASE_URL: must begin with postgres:// or postgresql://, is a secret not shown here");
    expect(message).not.toContain("short-secret");
    expect(message).not.toContain("someone");
  });
});

describe("a file .env", () => {
  const before = { ...process.env };
  const folder = process.cwd();
  const place = mkdtempSync(join(tmpdir(), "soar-config-"));

  afterEach(() => {
    process.chdir(folder);
    rmSync(place, { recursive: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });

  test("is read, and what the environment has wins", () => {
    writeFileSync(join(place, ".env"), "PORT=4001\nLOG_LEVEL=warn\nADMIN_TOKEN=\nDATA_DIR='elsewhere'\n");
    process.chdir(place);
    for (const name of ["PORT", "DATA_DIR", "ADMIN_TOKEN"]) delete process.env[name];
    process.env.LOG_LEVEL = "error";
    expect(readConfig()).toMatchObject({ PORT: 4001, LOG_LEVEL: "error", DATA_DIR: "elsewhere" });
    expect(readConfig().ADMIN_TOKEN).toBeUndefined();
  });
});
