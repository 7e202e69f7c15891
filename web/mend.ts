/** Sets what a library leaves out for those who hear a page instead of seeing it, now and whenever it draws anew. */
export function mend(fixes: Record<string, (element: HTMLElement) => void>): void {
  const page = document.getElementById("page")!;
  const look = () => {
    for (const [selector, fix] of Object.entries(fixes))
      for (const found of page.querySelectorAll<HTMLElement>(selector)) fix(found);
  };
  new MutationObserver(look).observe(page, { childList: true, subtree: true, attributeFilter: ["aria-selected"] });
  look();
}

/** Gives an element without one a name. */
export const name = (text: (element: HTMLElement) => string) => (element: HTMLElement) =>
  element.setAttribute("aria-label", text(element));
