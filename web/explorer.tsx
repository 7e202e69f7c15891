import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./whole.css";
import "./explorer.css";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { GraphQLError } from "graphql";
import { createClient } from "graphql-ws";
import { leave, showBehindLogin } from "./behind-login.js";
import { examples } from "./examples.js";
import { examplesPlugin } from "./examples-panel.js";
import { InSight } from "./in-sight.js";
import { mend, name } from "./mend.js";
import { reach, reasonOf } from "./session.js";

const endpoint = "/graphql";
const plugins = [examplesPlugin, explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];

/** A connection that breaks is not made again unasked: what happened meanwhile would be missing without a word. */
const live = createClient({
  url: `${location.origin.replace(/^http/, "ws")}${endpoint}`,
  lazy: true,
  retryAttempts: 0,
  on: { closed: (event) => hearClosed(event as CloseEvent) },
});

const fetcher = createGraphiQLFetcher({
  url: endpoint,
  wsClient: {
    ...live,
    subscribe(asked, sink) {
      let last = {};
      const next: typeof sink.next = (result) => {
        last = result;
        sink.next(result);
      };
      // The last event stays in sight, for its cursor.
      const error = (cause: unknown) => {
        sink.next({ ...last, errors: told(cause) });
        sink.complete();
      };
      return live.subscribe(asked, { next, error, complete: () => sink.complete() });
    },
  },
  fetch: async (input, init) => {
    const answer = await reach(input, init);
    await tellRefusal(answer.clone(), String(init?.body).includes("__schema"));
    return answer;
  },
});

/** Why a subscription ended, as errors to show; where the connection did, the browser has no words for it. */
function told(cause: unknown): GraphQLError[] {
  if (Array.isArray(cause)) return cause;
  const { reason } = cause as Partial<CloseEvent>;
  const ended = reason ? `The connection ended (${reason}).` : "The connection to the server was lost.";
  return [new GraphQLError(`${ended} Run it again with the last cursor as \`after\`, and nothing is missed.`)];
}

/** A session that ends closes the connection too. */
async function hearClosed({ code, reason }: CloseEvent): Promise<void> {
  if (code === 4401 || code === 4403) await leave(reason);
}

/** A session that has ended leads back to the login; a schema that is not shown leaves the explorer empty, so it says why. */
async function tellRefusal(answer: Response, ofSchema: boolean): Promise<void> {
  if (answer.status === 401) return leave(await reasonOf(answer));
  if (!ofSchema) return;
  const { errors } = await answer.json().catch(() => ({ errors: [{ message: `status ${answer.status}` }] }));
  const notice = document.getElementById("notice")!;
  notice.textContent = errors
    ? `The server does not show you its schema, so there is no documentation and no completion here: ${errors[0].message}`
    : "";
}

mend({
  // A tab may not hold buttons: what looks like tabs is told as a list of buttons, one of them current.
  ".graphiql-tabs[role], .graphiql-tab[role]": (element) => element.removeAttribute("role"),
  ".graphiql-tab[aria-selected]": (item) => {
    item.querySelector(".graphiql-tab-button")!.setAttribute("aria-current", item.getAttribute("aria-selected")!);
    item.removeAttribute("aria-selected");
  },
  ".graphiql-explorer-root input:not([aria-label])": name((input) => input.closest("div")?.textContent || "Value"),
  ".graphiql-explorer-root select:not([aria-label])": name(() => "Kind of operation"),
});

await showBehindLogin(() => (
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    visiblePlugin={examplesPlugin}
    defaultTabs={examples.slice(0, 1).map(({ query }) => ({ query }))}
  >
    <GraphiQL.Logo>
      <InSight />
    </GraphiQL.Logo>
  </GraphiQL>
));
