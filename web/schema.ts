import "graphql-voyager/dist/voyager.css";
import "./whole.css";
import type * as Voyager from "graphql-voyager/typings/standalone";
import voyager from "graphql-voyager/dist/voyager.standalone.js?url";
import { showCaller } from "./bar.js";

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
const [{ renderVoyager, sdlToSchema }, document_] = await Promise.all([
  loadVoyager(),
  fetch("/schema.graphql").then((answer) => answer.text()),
]);
renderVoyager(document.getElementById("page")!, {
  introspection: sdlToSchema(document_),
  displayOptions: { rootType: "Container", skipRelay: true, sortByAlphabet: true },
  hideVoyagerLogo: true,
});
