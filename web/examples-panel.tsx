import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { examples } from "./examples.js";

/** Lists the examples by what they are for, and opens each in its tab, also after that was closed. */
export const examplesPlugin: GraphiQLPlugin = { title: "Examples", icon: Icon, content: Examples };

function Examples() {
  const tabs = useGraphiQL((state) => state.tabs);
  const editor = useGraphiQL((state) => state.queryEditor);
  const { addTab, changeTab, setVisiblePlugin } = useGraphiQLActions();
  const open = (query: string) => {
    if (matchMedia("(max-width: 50rem)").matches) setVisiblePlugin(null);
    const standing = tabs.findIndex((tab) => tab.query === query);
    if (standing >= 0) return changeTab(standing);
    addTab();
    editor!.setValue(query);
  };
  return (
    <section className="examples" aria-label="Examples">
      <h1>Examples</h1>
      <ul>
        {examples.map(({ job, query }) => (
          <li key={job}>
            {/* An editor that is still loading would show another text in the tab. */}
            <button type="button" disabled={!editor} onClick={() => open(query)}>
              {job}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 6h2M4 12h2M4 18h2M9 6h11M9 12h11M9 18h11" strokeLinecap="round" />
    </svg>
  );
}
