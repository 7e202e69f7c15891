import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { showCaller } from "./bar.js";
import { LoginForm } from "./login-form.js";
import { forget } from "./session.js";

const page = createRoot(document.getElementById("page")!);
let content: () => ReactNode;

/** Shows a page to those who are logged in, and to others the login first. */
export async function showBehindLogin(shown: () => ReactNode): Promise<void> {
  content = shown;
  // A second click on the printed address changes only the fragment.
  addEventListener("hashchange", () => location.hash.startsWith("#token=") && open());
  await open();
}

/** Leads back to the login, when the server says that the session has ended. */
export async function leave(reason: string): Promise<void> {
  forget();
  await showCaller();
  showLogin(reason);
}

async function open(): Promise<void> {
  const { caller, reason } = await showCaller();
  if (!caller) return showLogin(reason);
  page.render(content());
}

function showLogin(reason: string): void {
  page.render(<LoginForm key={reason} reason={reason} onEnter={open} />);
}
