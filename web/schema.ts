import "graphql-voyager/dist/voyager.css";
import "./whole.css";
import "./voyager.css";
import voyager from "graphql-voyager/dist/voyager.standalone.js?url";
import type * as Voyager from "graphql-voyager/typings/standalone";
import { showCaller } from "./bar.js";
import { mend, name } from "./mend.js";

/** The bundle is a script of its own: it names itself on the window. */
function loadVoyager(): Promise<typeof Voyager> {
  const script = document.createElement("script");
  script.src = voyager;
  document.head.append(script);
  return new Promise((resolve, reject) => {
    script.onload = () => resolve((window as unknown as { GraphQLVoyager: typeof Voyager }).GraphQLVoyager);
    script.onerror = () => reject(new Error("The page's own files cannot be loaded."));
  });
}

showCaller();
mend({
  ".eye-button:not([aria-label])": name(
    (button) => `Show ${button.parentElement!.querySelector(".type-name")?.textContent} in the graph`,
  ),
  ".MuiSelect-select:not([aria-label])": name(() => "Type in the middle"),
});
const [{ renderVoyager, sdlToSchema }, sdl] = await Promise.all([
  loadVoyager(),
  fetch("/schema.graphql").then((answer) => answer.text()),
]);
renderVoyager(document.getElementById("page")!, {
  introspection: sdlToSchema(sdl),
  displayOptions: { rootType: "Container", skipRelay: true, sortByAlphabet: true, showLeafFields: false },
  hideVoyagerLogo: true,
});
