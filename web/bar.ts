import "./look.css";
import { enter, logOut } from "./session.js";

/** Finds out who is logged in and shows it in the bar, with a way out or in. */
export async function showCaller(): Promise<{ caller: string | null; reason: string }> {
  const entered = await enter();
  const { caller } = entered;
  document.getElementById("caller")!.replaceChildren(...(caller ? [caller, wayOut()] : [wayIn()]));
  return entered;
}

function wayOut(): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Log out";
  button.addEventListener("click", async () => {
    await logOut();
    location.reload();
  });
  return button;
}

function wayIn(): HTMLElement {
  const link = document.createElement("a");
  link.href = "/explorer";
  link.textContent = "Log in";
  return link;
}
