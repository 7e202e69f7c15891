import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import packet, { type Answer } from "dns-packet";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll } from "vitest";
import type { Job } from "../../src/connectors/connector.js";

/*
 * Small real servers on loopback, each closed when its test file is done, for connectors to talk to.
 */

/** A job, and the lines that were logged in it. */
export function jobWith(settings: Record<string, unknown>, rest: Partial<Job> = {}): Job & { lines: string[] } {
  const lines: string[] = [];
  const signal = new AbortController().signal;
  return { settings, attemptKey: "7:0", signal, log: (line) => void lines.push(line), lines, ...rest };
}

/** What a name server says to a question; nothing, and it hangs. */
export type DnsAnswer = { answers: Answer[] } | { code: number } | { bytes: Buffer } | undefined;

/** A name server over UDP and TCP; what does not fit into 512 bytes is told over TCP alone, as is the custom. */
export async function dnsServer(answer: (name: string, type: string) => DnsAnswer) {
  const asked: string[] = [];
  const reply = (message: packet.Packet): Buffer | undefined => {
    const [question] = message.questions!;
    asked.push(`${question!.name} ${question!.type}`);
    const said = answer(question!.name, question!.type);
    if (!said) return undefined;
    if ("bytes" in said) return said.bytes;
    const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | ("code" in said ? said.code : 0);
    const answers = "answers" in said ? said.answers : [];
    return packet.encode({ type: "response", id: message.id!, flags, questions: message.questions!, answers });
  };

  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const said = reply(packet.streamDecode(bytes)!);
      if (!said) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(said.length);
      socket.end(Buffer.concat([length, said]));
    });
  });
  const port = await listen(tcp);
  const udp = createSocket("udp4");
  udp.on("message", (bytes, { port: to }) => {
    const message = packet.decode(bytes);
    const said = reply(message);
    if (!said) return;
    const cut = { type: "response", id: message.id!, flags: packet.TRUNCATED_RESPONSE, questions: message.questions! };
    udp.send(said.length > 512 ? packet.encode(cut as packet.Packet) : said, to, "127.0.0.1");
  });
  udp.bind(port, "127.0.0.1");
  await once(udp, "listening");
  afterAll(() => void udp.close());
  return { address: `127.0.0.1:${port}`, asked };
}

/** A server that is given the first line a client writes, as whois servers are, and may greet before that. */
export async function lineServer(answer: (line: string, socket: Socket) => void, greet?: (socket: Socket) => void) {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    greet?.(socket);
    socket.once("data", (bytes) => {
      asked.push(bytes.toString());
      answer(bytes.toString().trim(), socket);
    });
  });
  return { address: `127.0.0.1:${await listen(server)}`, asked };
}

export async function httpServer(listener: RequestListener) {
  const server = createHttpServer(listener);
  return { url: `http://127.0.0.1:${await listen(server)}` };
}

/** An SMTP server, and the mails it got. */
export async function smtpServer(options: SMTPServerOptions = {}) {
  const mails: { to: string[]; text: string }[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        });
        done(null, "kept");
      });
    },
    ...options,
  });
  smtp.on("error", () => {});
  const port = await listen(smtp.server);
  return { port, mails };
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, false);
  server.close();
  await once(server, "close");
  return port;
}

async function listen(server: Server, closing = true): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  if (closing)
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  return (server.address() as AddressInfo).port;
}
