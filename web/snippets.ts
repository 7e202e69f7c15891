/** What the pages of documentation write for the gateway's address. */
const written = "http://127.0.0.1:4000";

/** Makes every snippet name this gateway, and gives it a button that copies it. */
export function showSnippets(): void {
  for (const snippet of document.querySelectorAll(".snippet")) {
    const code = snippet.querySelector("code")!;
    code.textContent = code.textContent.replaceAll(written, location.origin);
    snippet.append(copyButton(code));
  }
}

function copyButton(code: HTMLElement): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    button.textContent = await copy(code);
    setTimeout(() => {
      button.textContent = "Copy";
    }, 2_000);
  });
  return button;
}

/** Without TLS, a browser lets a page write to the clipboard only on this machine: then the text is selected instead. */
async function copy(code: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return "Copied";
  } catch {
    getSelection()!.selectAllChildren(code);
    return "Selected";
  }
}
