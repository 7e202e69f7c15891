/** A text in the small letters that Postgres' `lower` gives: each letter by itself, a sigma at the end of a word included. */
export function lower(text: string): string {
  return Array.from(text, (letter) => String.fromCodePoint(letter.toLowerCase().codePointAt(0)!)).join("");
}
