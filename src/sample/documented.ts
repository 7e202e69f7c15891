import type { Evidence, Incident } from "./stories.js";

/** The containers that the manuals print as examples, under the numbers printed there. */
export interface Documented extends Partial<Incident> {
  id: number;
  name: string;
  label: string;
  status: "new" | "open" | "closed";
  severity: string;
  identifier?: string;
  artifacts: (Evidence & { id?: number; identifier?: string })[];
}

export const documented: readonly Documented[] = [
  {
    id: 1,
    name: "First container",
    description: "Holds the artifact that S4 explains.",
    label: "events",
    status: "new",
    severity: "low",
    artifacts: [
      {
        id: 1,
        name: "test",
        label: "event",
        type: null,
        severity: "low",
        cef: { sourceAddress: "" },
        identifier: "140a7ae0-9da5-4ee2-b06c-64faa313e94a",
      },
    ],
  },
  {
    id: 7,
    name: "test",
    description: "this is my test incident",
    label: "incident",
    status: "open",
    severity: "medium",
    tags: ["red-network"],
    identifier: "48e4ab9c-2ec1-44a5-9d05-4e83bec05f87",
    artifacts: [
      {
        name: "Address to locate",
        label: "event",
        type: "network",
        severity: "medium",
        cef: { sourceAddress: "1.1.1.1" },
      },
    ],
    pins: [
      {
        name: "location",
        message: "Located by maxmind",
        data: "Research, Victoria, Australia",
        style: "blue",
        type: "card_small",
      },
    ],
  },
  {
    id: 24,
    name: "Domain seen in proxy logs",
    description: "S1 asks whois about its domain.",
    label: "events",
    status: "open",
    severity: "low",
    artifacts: [
      { name: "Domain", label: "dns", type: "network", severity: "low", cef: { destinationDnsDomain: "amazon.com" } },
    ],
  },
  {
    id: 42,
    name: "Suspicious file on a kiosk",
    description: "S1 asks for the reputation of its file.",
    label: "malware",
    status: "open",
    severity: "high",
    tags: ["kiosk"],
    artifacts: [
      {
        name: "File",
        label: "file",
        type: "host",
        severity: "high",
        cef: { fileName: "player.exe", fileHash: "98dbaeb6d46bd09eca002e1f2b6f3e76fd3222cd" },
        cefTypes: { fileHash: ["sha1"] },
      },
    ],
  },
  {
    id: 79,
    name: "test_incident",
    description: "S0 adds these two artifacts.",
    label: "incident",
    status: "new",
    severity: "high",
    artifacts: [
      {
        id: 122,
        name: "test_event",
        label: "netflow",
        type: "network",
        severity: "high",
        cef: { sourceAddress: "1.1.1.1" },
      },
      {
        id: 123,
        name: "test_event",
        label: "netflow",
        type: "network",
        severity: "high",
        cef: { foo: "c8e5728b05c3ac46212c33535b65f183", sourceAddress: "1.1.1.1" },
        cefTypes: { foo: ["md5"] },
      },
    ],
    pins: [{ message: "This is a malicious IP", data: "192.168.1.7", style: "white", type: "card_small" }],
    notes: [{ title: "This is a title.", content: "This is the note body." }],
    comments: ["Example comment."],
  },
  {
    id: 337,
    name: "Look-alike domain registered",
    description: "S1 prints the whois answer for its domain.",
    label: "events",
    status: "closed",
    severity: "medium",
    artifacts: [
      {
        name: "Domain",
        label: "dns",
        type: "network",
        severity: "medium",
        cef: { destinationDnsDomain: "example.com" },
      },
    ],
  },
];
