import type { FastifyRequest } from "fastify";
import { fromOurPage } from "../auth/credentials.js";
import { AppError } from "../errors.js";

/** A page of another site could make a browser send something with the credentials that the browser keeps. */
export function refuseOtherSites(
  { headers, url }: FastifyRequest,
  allows: (origin: string | undefined) => boolean,
): void {
  const { origin } = headers;
  if (fromOurPage(headers) || (origin !== undefined && allows(origin))) return;
  const path = url.split("?", 1)[0];
  throw new AppError("FORBIDDEN", `Pages of ${origin ?? "other sites"} may not send to ${path}; see CORS_ORIGINS.`);
}
