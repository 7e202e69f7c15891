import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Reads a domain name, in small letters and as DNS writes it; `Bücher.example.` is `xn--bcher-kva.example`. */
export function readDomain(text: string): string {
  const plain = text.trim().replace(/\.$/, "");
  // The standard drops line breaks and tabs inside a name; here they would be hiding something.
  const name = /[\s\0-\x1f\x7f]/.test(plain) ? "" : domainToASCII(plain).toLowerCase();
  const well =
    name.length <= 253 && name.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (!well || isIP(name)) throw new Error(`${JSON.stringify(text)} is not a domain name.`);
  return name;
}
