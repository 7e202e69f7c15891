import { spawn } from "node:child_process";
import { join } from "node:path";
import { token } from "./settings.js";

const root = join(import.meta.dirname, "..");

export const contenders = {
  ours: [join(root, "dist", "main.js"), "serve"],
  limit: [join(root, "bench", "limit", "server.js")],
  naive: [join(root, "bench", "naive", "server.js")],
};

/** What the live feed is measured beside. */
const live = { plain: [join(root, "bench", "live", "plain.js")] };

/** As `npm start` has it: room for the short-lived objects of several answers. */
const youngSpace = "--max-semi-space-size=64";

/** Starts a contender as a process of its own and waits for the address that it prints. */
export async function startContender(name, database, cleanUp, settings = {}) {
  const child = spawn(process.execPath, [youngSpace, ...{ ...contenders, ...live }[name]], {
    // Not the checkout: a .env there is not meant for this.
    cwd: database.folder,
    env: {
      NODE_ENV: "production",
      DATABASE_URL: database.url,
      PORT: "0",
      HOST: "127.0.0.1",
      ADMIN_TOKEN: token,
      SAMPLE_DATA: "false",
      COST_PER_MINUTE: "0",
      LOG_LEVEL: "warn",
      ...settings,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((done) => child.once("exit", done));
  cleanUp(async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(late);
  });
  return { name, pid: child.pid, url: await addressOf(name, child) };
}

function addressOf(name, child) {
  return new Promise((found, failed) => {
    let said = "";
    const late = setTimeout(() => failed(new Error(`${name} does not listen after 30 seconds: ${said}`)), 30_000);
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`${name} ended with ${code}: ${said}`)));
    // Listened to for as long as it lives: a full pipe would stop it.
    child.stdout.on("data", (chunk) => {
      said = (said + chunk).slice(-2000);
      const address = /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(said);
      if (!address) return;
      clearTimeout(late);
      found(address[0]);
    });
  });
}
