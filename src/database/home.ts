import { createHash } from "node:crypto";
import { chmodSync, existsSync, lchownSync, lstatSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../errors.js";
import { type Account, installedBinaries, reachable, usableBinaries } from "./binaries.js";

/** Where one embedded Postgres has its files, and which user it runs as. */
export interface Home {
  /** Ours: the log, and what follows. */
  folder: string;
  data: string;
  socket: string;
  binaries: string;
  account: Account | undefined;
}

export type Say = (sentence: string) => void;

/** Finds the places for a Postgres under `dataDir`, or outside of it where the user it must run as cannot enter. */
export function findHome(dataDir: string, say: Say): Home {
  try {
    mkdirSync(dataDir, { recursive: true });
    return homeIn(realpathSync(dataDir), say);
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!syscall) throw error;
    throw new StartError(
      `The embedded Postgres cannot use ${dataDir}: ${message}. Set DATA_DIR to a folder of this user, or DATABASE_URL.`,
    );
  }
}

function homeIn(dataDir: string, say: Say): Home {
  const account = unprivileged(join(dataDir, "postgres", "data"));
  const folder = account ? openFolder(dataDir, account, say) : join(dataDir, "postgres");
  mkdirSync(folder, { recursive: true });
  // It stays ours, for what root writes must not be somebody else's to redirect; the other user only passes through.
  if (account) chmodSync(folder, 0o755);
  const data = join(folder, "data");
  if (!account && existsSync(data) && statSync(data).uid !== process.getuid?.()) {
    throw new StartError(
      `${data} belongs to user ${statSync(data).uid}; start as that user or as root, or set DATA_DIR to another folder.`,
    );
  }
  const binaries = usableBinaries(installedBinaries(), account, () => (account ? openPlace() : dataDir));
  return { folder, data, socket: socketFolder(folder, account), binaries, account };
}

/** Root runs Postgres as the owner of existing data, else as `nobody`. */
function unprivileged(data: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (existsSync(data) && statSync(data).uid !== 0) return { uid: statSync(data).uid, gid: statSync(data).gid };
  const nobody = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  if (nobody) return { uid: Number(nobody[1]), gid: Number(nobody[2]) };
  throw new StartError(
    "Postgres refuses to run as root and there is no user nobody; start as another user or set DATABASE_URL.",
  );
}

function openFolder(dataDir: string, account: Account, say: Say): string {
  const inside = join(dataDir, "postgres");
  if (reachable(dataDir, account)) return inside;
  if (existsSync(join(inside, "data"))) {
    throw new StartError(
      `User ${account.uid}, who owns the data in ${inside}, can no longer enter it; let all users pass the folders above it (chmod o+x), or set DATA_DIR to another folder.`,
    );
  }
  const outside = join(openPlace(), hash(dataDir), "postgres");
  say(`Postgres cannot enter ${dataDir} as an unprivileged user; its data is in ${outside}.`);
  return outside;
}

/** A folder of root's that every user can enter, for what must be outside a closed home. */
function openPlace(): string {
  for (const parent of ["/var/lib", "/var/tmp"]) {
    const place = join(parent, "soar-graphql");
    try {
      mkdirSync(place, { recursive: true });
      // Everyone may write to /var/tmp: what is there may be somebody's link to another place.
      const found = lstatSync(place);
      if (!found.isDirectory() || found.uid !== process.getuid?.()) continue;
      chmodSync(place, 0o755);
      return place;
    } catch {}
  }
  throw new StartError(
    "Neither /var/lib nor /var/tmp can hold the embedded Postgres; start as a normal user or set DATABASE_URL.",
  );
}

/** The path to a socket may have about 100 bytes: that of a deep folder is in /tmp. */
function socketFolder(folder: string, account: Account | undefined): string {
  const beside = join(folder, "socket");
  const short = Buffer.byteLength(join(beside, ".s.PGSQL.5432")) <= 100;
  const socket = short ? beside : join("/tmp", `soar-${hash(folder)}`);
  mkdirSync(socket, { recursive: true, mode: 0o700 });
  if (account) lchownSync(socket, account.uid, account.gid);
  const user = account?.uid ?? process.getuid?.();
  const { uid, mode } = lstatSync(socket);
  if (uid === user && (mode & 0o77) === 0) return socket;
  throw new StartError(`${socket} must be private to user ${user}, for the socket of Postgres; remove it.`);
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);
