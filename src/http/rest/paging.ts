import { AppError } from "../../errors.js";
import { largestPage } from "../../limits.js";
import { type Asked, type Data, wholeNumber } from "./route.js";

const defaultSize = 10;

/** A connection as documents for lists select it. */
export const pageFields = "totalCount totalCountExact pageInfo { hasNextPage endCursor }";

/** What asks for a page of a list. */
export const pageParameters = ["page", "page_size"];

interface Connection {
  totalCount: number;
  totalCountExact: boolean;
  nodes: Data[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/**
 * The page of a list that `page`, from 0, and `page_size` ask for; a size of 0 asks for everything. `read` gives what
 * comes after a cursor.
 */
export async function paged(
  { search }: Asked,
  read: (first: number, after: string | null) => Promise<Connection>,
  project: (node: Data) => unknown,
) {
  const page = wholeNumber("page", search.page ?? "0");
  const size = wholeNumber("page_size", search.page_size ?? String(defaultSize));
  const [from, until] = size === 0 ? [0, Number.POSITIVE_INFINITY] : [page * size, (page + 1) * size];
  const nodes: Data[] = [];
  for (let after: string | null = null; ; ) {
    const wanted = nodes.length < until ? until - nodes.length : largestPage;
    const { totalCount, totalCountExact, nodes: more, pageInfo } = await read(Math.min(largestPage, wanted), after);
    nodes.push(...more);
    // How many there are of what is too long to be counted, only its end tells.
    const enough = totalCountExact && (nodes.length >= until || from >= totalCount);
    if (enough || !pageInfo.hasNextPage) {
      const count = totalCountExact ? totalCount : nodes.length;
      const pages = size === 0 ? 1 : Math.max(1, Math.ceil(count / size));
      if (page >= pages) throw noResults(page, pages);
      return { count, data: nodes.slice(from, until).map(project), num_pages: pages };
    }
    after = pageInfo.endCursor;
  }
}

/** In the words by which clients know that they have read everything. */
function noResults(page: number, pages: number): AppError {
  const message = `That page contains no results: page is ${page}, and the last of ${pages} is ${pages - 1}.`;
  return new AppError("NOT_FOUND", message, { page, pages });
}
