import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Connector } from "../connectors/connector.js";
import { connectors } from "../connectors/index.js";
import { StartError } from "../errors.js";

/** The connectors of this gateway, and those in files of its operator's own, each of which exports a `connector`. */
export async function loadConnectors(files: readonly string[] = []): Promise<readonly Connector[]> {
  return [...connectors, ...(await Promise.all(files.map(load)))];
}

async function load(file: string): Promise<Connector> {
  try {
    const { connector } = (await import(pathToFileURL(resolve(file)).href)) as { connector?: Connector };
    if (connector?.manifest?.appid) return connector;
  } catch (error) {
    throw new StartError(`The connector ${file} cannot be loaded: ${(error as Error).message}`);
  }
  throw new StartError(`The file ${file} exports no \`connector\`.`);
}
