import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./whole.css";
import "./explorer.css";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";
import { showCaller } from "./bar.js";
import { examples } from "./examples.js";
import { examplesPlugin } from "./examples-panel.js";
import { InSight } from "./in-sight.js";
import { LoginForm } from "./login-form.js";
import { mend, name } from "./mend.js";
import { forget, reasonOf } from "./session.js";

const endpoint = "/graphql";
const plugins = [examplesPlugin, explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN];
const page = createRoot(document.getElementById("page")!);

const fetcher = createGraphiQLFetcher({
  url: endpoint,
  wsClient: createClient({ url: `${location.origin.replace(/^http/, "ws")}${endpoint}`, lazy: true }),
  fetch: async (input, init) => {
    const answer = await fetch(input, init);
    await tellRefusal(answer.clone(), String(init?.body).includes("__schema"));
    return answer;
  },
});

/** A session that has ended leads back to the login; a schema that is not shown leaves the explorer empty, so it says why. */
async function tellRefusal(answer: Response, ofSchema: boolean): Promise<void> {
  if (answer.status === 401) {
    forget();
    await showCaller();
    return showLogin(await reasonOf(answer));
  }
  if (!ofSchema) return;
  const { errors } = await answer.json().catch(() => ({ errors: [{ message: `status ${answer.status}` }] }));
  const notice = document.getElementById("notice")!;
  notice.textContent = errors
    ? `The server does not show you its schema, so there is no documentation and no completion here: ${errors[0].message}`
    : "";
}

function showLogin(reason: string): void {
  page.render(<LoginForm key={reason} reason={reason} onEnter={open} />);
}

async function open(): Promise<void> {
  const { caller, reason } = await showCaller();
  if (!caller) return showLogin(reason);
  page.render(
    <GraphiQL
      fetcher={fetcher}
      plugins={plugins}
      visiblePlugin={examplesPlugin}
      defaultTabs={examples.slice(0, 1).map(({ query }) => ({ query }))}
    >
      <GraphiQL.Logo>
        <InSight />
      </GraphiQL.Logo>
    </GraphiQL>,
  );
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

// A second click on the printed address changes only the fragment.
addEventListener("hashchange", () => location.hash.startsWith("#token=") && open());
await open();
