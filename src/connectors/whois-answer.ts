/*
 * Reading what whois servers write. There is no standard: most write `Name: value` lines, under names that many share.
 */

export interface Server {
  readonly host: string;
  readonly port: number;
  /** As it is shown: `host`, or `host:port` where the port is not 43. */
  readonly name: string;
}

/** Reads `host`, `host:port` or `whois://host`; undefined for anything else, such as an address of the web. */
export function serverIn(text: string): Server | undefined {
  const found = /^(?:whois:\/\/)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(text);
  if (!found) return undefined;
  const [host, port] = [found[1]!.replace(/[[\]]/g, "").toLowerCase(), Number(found[2] ?? 43)];
  return { host, port, name: port === 43 ? host : `${host}:${port}` };
}

/** The server that an answer refers to. */
export function referralIn(answer: string): Server | undefined {
  const found =
    /^[ \t]*(?:refer|referralserver|(?:registrar |registry )?whois(?: server)?)[ \t]*:[ \t]*(\S{1,255})[ \t\r]*$/im;
  return serverIn(found.exec(answer)?.[1] ?? "");
}

/** The `Name: value` lines of an answer, by name; remarks and everything else stay in the raw text alone. */
export function fieldsOf(answer: string): Record<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of answer.split(/\r?\n/)) {
    const found = /^[ \t]*([a-z][\w /-]{0,60}?)[ .\t]*:[ \t]+(\S.*)$/i.exec(line.slice(0, 2000));
    if (!found) continue;
    const [name, value] = [found[1]!, found[2]!.trim()];
    fields.set(name, fields.get(name) ?? []);
    fields.get(name)!.push(value);
  }
  return Object.fromEntries(fields);
}

/** What is asked most, and the names it goes by. */
const names = {
  organization: ["registrant organization", "organization", "org-name", "orgname", "owner", "registrant"],
  name: ["registrant name", "netname", "org"],
  registrar: ["registrar", "sponsoring registrar"],
  city: ["registrant city", "city"],
  country: ["registrant country", "country"],
  created: ["creation date", "created", "regdate", "registered on"],
  expires: ["registry expiry date", "registrar registration expiration date", "expires", "paid-till", "expiry date"],
};

/** What is asked most, from the last answer that says it: servers refer to those that know more. */
export function factsOf(answers: Record<string, string[]>[]): Partial<Record<keyof typeof names, string>> {
  const said = answers
    .toReversed()
    .map((fields) => new Map(Object.entries(fields).map(([name, [value]]) => [name.toLowerCase(), value!])));
  const facts = Object.entries(names).map(([fact, known]) => [
    fact,
    said.flatMap((fields) => known.map((name) => fields.get(name))).find((value) => value !== undefined),
  ]);
  return Object.fromEntries(facts.filter(([, value]) => value !== undefined));
}
