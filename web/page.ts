import { showCaller } from "./bar.js";
import { showSnippets } from "./snippets.js";

showSnippets();
await showCaller();
