import { useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

/**
 * Keeps in sight what GraphiQL lets run out of it: the open tab, which the row scrolls to, the beginning of a panel that
 * was not open before, and long lines, which are wrapped.
 */
export function InSight() {
  const editor = useGraphiQL((state) => state.queryEditor);
  const tabs = useGraphiQL((state) => state.tabs);
  const active = useGraphiQL((state) => state.activeTabIndex);
  const panel = useGraphiQL((state) => state.visiblePlugin);
  useEffect(() => editor?.updateOptions({ wordWrap: "on" }), [editor]);
  // A tab is as wide as its title, which changes with its text.
  useEffect(() => showTab(active), [active, tabs]);
  useEffect(() => {
    document.querySelector(".graphiql-plugin")?.scrollTo(0, 0);
  }, [panel]);
  return null;
}

/** By where the tab belongs, not by where it is seen: tabs glide to their place, and the row alone is scrolled, not the page. */
function showTab(index: number): void {
  const row = document.querySelector<HTMLElement>(".graphiql-tabs");
  const tab = row?.querySelectorAll<HTMLElement>(".graphiql-tab")[index];
  if (!row || !tab) return;
  const start = tab.offsetLeft - row.offsetLeft;
  row.scrollLeft = Math.min(Math.max(row.scrollLeft, start + tab.offsetWidth - row.clientWidth), start);
}
