import { useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

/** Keeps in sight what GraphiQL lets run out of it: the open tab, which the row scrolls to, and long lines, which are wrapped. */
export function InSight() {
  const editor = useGraphiQL((state) => state.queryEditor);
  const tabs = useGraphiQL((state) => state.tabs);
  const active = useGraphiQL((state) => state.activeTabIndex);
  useEffect(() => editor?.updateOptions({ wordWrap: "on" }), [editor]);
  // A tab is as wide as its title, which comes after the tab. biome knows nothing of that.
  useEffect(() => showTab(active), [active, tabs]);
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
