/*
 * The process with the clients: thousands of sockets that only count what comes, since reading it would take longer than
 * sending it. It is told what to do by messages and answers each.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const query = "subscription { containerEvents { kind cursor time sequence container { id name } } }";
let open = [];
let received = 0;
let expected = 0;
let reached = () => {};

const jobs = {
  /** Subscribes over so many sockets, each with one of the tokens, and waits until all were told where they start. */
  async open({ port, sockets, tokens }) {
    expected = received + sockets;
    const started = new Promise((resolve) => {
      reached = resolve;
    });
    while (open.length < sockets) {
      const group = Math.min(100, sockets - open.length);
      open.push(
        ...(await Promise.all(Array.from({ length: group }, (_, n) => subscribe(port, tokens[n % tokens.length])))),
      );
    }
    await started;
  },
  /** Answers with the time at which every socket has been told so many events. */
  async count({ events }) {
    expected = received + events * open.length;
    const told = new Promise((resolve) => {
      reached = resolve;
    });
    process.send({ counting: true });
    await told;
    return { at: performance.timeOrigin + performance.now() };
  },
  async close() {
    for (const socket of open) socket.destroy();
    open = [];
  },
};

process.on("message", async ({ job, ...given }) => {
  try {
    process.send({ done: (await jobs[job](given)) ?? {} });
  } catch (error) {
    process.send({ failure: error.message });
  }
});

function subscribe(port, token) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    socket.write(
      `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
    );
    socket.once("data", (answer) => {
      if (!answer.toString().startsWith("HTTP/1.1 101")) return reject(new Error(answer.toString()));
      socket.on(
        "data",
        counter(() => socket.write(frame({ id: "1", type: "subscribe", payload: { query } }))),
      );
      socket.write(frame({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
      resolve(socket);
    });
  });
}

/** Counts the frames of a socket that carry text, the first of which only says that it is let in, whereupon it subscribes. */
function counter(letIn) {
  let rest = Buffer.alloc(0);
  let frames = -1;
  return (data) => {
    rest = rest.length ? Buffer.concat([rest, data]) : data;
    for (let next = lengthOf(rest); next && rest.length >= next; next = lengthOf(rest)) {
      const isText = (rest[0] & 15) === 1;
      rest = rest.subarray(next);
      if (!isText) continue;
      if (++frames === 0) letIn();
      else if (++received === expected) reached();
    }
  };
}

function lengthOf(buffer) {
  if (buffer.length < 4) return 0;
  const short = buffer[1] & 127;
  return short < 126 ? 2 + short : 4 + buffer.readUInt16BE(2);
}

/** A client's frame is masked; by zeros is masked too. */
function frame(message) {
  const body = Buffer.from(JSON.stringify(message));
  const head = body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body]);
}
