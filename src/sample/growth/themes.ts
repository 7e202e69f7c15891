import type { Random } from "../random.js";

/** One artifact of the many that a grown database has. */
export interface Finding {
  name: string;
  label: string;
  type: string;
  cef: Record<string, unknown>;
  cefTypes: Record<string, string[]>;
}

/** What an incident is called and what is found in it. */
export interface Theme {
  name: (random: Random) => string;
  description: string;
  label: string;
  killChain: string;
  findings: readonly ((random: Random) => Finding)[];
}

const noTypes = {};

const number = (random: Random, least: number, most: number) => random.between(least, most);
const digits = (random: Random) => number(random, 0, 0xffff_ffff).toString(16).padStart(8, "0");
const inside = (random: Random) => `10.${number(random, 1, 40)}.${number(random, 0, 255)}.${number(random, 2, 254)}`;
/** The block that RFC 2544 keeps for measurements: 131,000 addresses that are nobody's. */
const outside = (random: Random) => `198.${number(random, 18, 19)}.${number(random, 0, 255)}.${number(random, 2, 254)}`;
const host = (random: Random) =>
  `${random.pick(["FIN", "HR", "ENG", "MKT", "SRV", "OPS"])}-${String(number(random, 1, 4000)).padStart(4, "0")}`;
const person = (random: Random) =>
  `${random.pick(["j", "m", "p", "s", "t", "w", "y", "e"])}.${random.pick(["keller", "rossi", "novak", "haddad", "larsen", "okoye", "tanaka", "dubois"])}${number(random, 1, 500)}`;
const domain = (random: Random) =>
  `${random.pick(["cdn", "login", "docs", "invoice", "sync", "update", "portal"])}-${digits(random)}.example`;

const connection = (random: Random): Finding => ({
  name: "Connection",
  label: "netflow",
  type: "network",
  cef: {
    sourceAddress: inside(random),
    sourcePort: number(random, 1024, 65535),
    destinationAddress: outside(random),
    destinationPort: random.pick([22, 53, 80, 443, 443, 443, 3389, 8080]),
    transportProtocol: "TCP",
    bytesOut: number(random, 60, 2_000_000),
  },
  cefTypes: noTypes,
});

const login = (random: Random): Finding => ({
  name: "Login",
  label: "login",
  type: "network",
  cef: {
    sourceAddress: outside(random),
    sourceUserName: person(random),
    destinationHostName: host(random),
    deviceAction: random.pick(["allowed", "denied", "denied"]),
  },
  cefTypes: noTypes,
});

const file = (random: Random): Finding => ({
  name: `File on ${host(random)}`,
  label: "file",
  type: "host",
  cef: {
    fileName: `${random.pick(["update", "setup", "invoice", "player", "report"])}_${digits(random)}.exe`,
    filePath: "C:\\Users\\Public\\Downloads",
    fileHash: digits(random) + digits(random) + digits(random) + digits(random),
    fileSize: number(random, 2_000, 9_000_000),
  },
  cefTypes: { fileHash: ["md5", "hash"] },
});

const lookup = (random: Random): Finding => ({
  name: "DNS lookup",
  label: "dns",
  type: "network",
  cef: {
    sourceAddress: inside(random),
    destinationDnsDomain: domain(random),
    dnsType: random.pick(["A", "AAAA", "TXT"]),
  },
  cefTypes: noTypes,
});

const mail = (random: Random): Finding => {
  const from = domain(random);
  return {
    name: "Message",
    label: "email",
    type: "email",
    cef: {
      fromEmail: `billing@${from}`,
      toEmail: `${person(random)}@corp.example`,
      emailSubject: `Invoice ${number(random, 10_000, 99_999)} is overdue`,
      requestURL: `https://${from}/${digits(random)}/verify`,
    },
    cefTypes: { fromEmail: ["email"], toEmail: ["email"] },
  };
};

const process = (random: Random): Finding => ({
  name: `Process on ${host(random)}`,
  label: "process",
  type: "host",
  cef: {
    sourceProcessName: random.pick(["powershell.exe", "winword.exe", "rundll32.exe", "mshta.exe"]),
    sourceProcessId: number(random, 500, 30_000),
    sourceUserName: person(random),
    deviceCustomString1: `-enc ${digits(random)}${digits(random)}`,
  },
  cefTypes: noTypes,
});

/** What incidents are about; which label each takes is up to the labels that there are. */
export const themes: readonly Theme[] = [
  {
    name: (random) => `Phishing: invoice ${number(random, 10_000, 99_999)} sent to ${person(random)}`,
    description: "A message with a link to a false login page was reported.",
    label: "phishing",
    killChain: "Delivery",
    findings: [mail, mail, lookup, connection],
  },
  {
    name: (random) => `${random.pick(["Trojan", "Ransomware", "Worm", "Downloader"])} detected on ${host(random)}`,
    description: "The endpoint agent stopped a file and what it had started.",
    label: "malware",
    killChain: "Installation",
    findings: [file, process, process, connection],
  },
  {
    name: (random) => `Many failed logins for ${person(random)}`,
    description: "One account was tried from many addresses.",
    label: "events",
    killChain: "Exploitation",
    findings: [login, login, login, connection],
  },
  {
    name: (random) => `Port scan from ${outside(random)}`,
    description: "One address tried many ports of many hosts.",
    label: "events",
    killChain: "Reconnaissance",
    findings: [connection],
  },
  {
    name: (random) => `Beaconing to ${domain(random)}`,
    description: "A host looks up the same name at even intervals.",
    label: "incident",
    killChain: "Command & Control",
    findings: [lookup, lookup, connection, process],
  },
];
