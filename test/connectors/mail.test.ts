import { expect, test } from "vitest";
import { mail } from "../../src/connectors/mail.js";
import { closedPort, jobWith, lineServer, smtpServer } from "../support/servers.js";

const server = await smtpServer({
  onRcptTo: ({ address }, _, done) =>
    done(address.startsWith("nobody") ? new Error("there is nobody of that name") : undefined),
});
const settings = { server: "127.0.0.1", port: server.port, security: "none", sender: "soar@example.com", timeout: 5 };
const message = { to: "soc@example.com", subject: "Grüße", body: "A first line\n.\nand a last." };
const send = (changes = {}, job = jobWith(settings)) => mail.run("send email", { ...message, ...changes }, job);

test("a mail arrives as it was written", async () => {
  const result = await send({
    to: "soc@example.com, it@example.com",
    cc: "ciso@example.com",
    bcc: "audit@example.com",
  });
  const { to, text } = server.mails.at(-1)!;
  expect(to).toEqual(["soc@example.com", "it@example.com", "ciso@example.com", "audit@example.com"]);
  expect(text).toMatch(/^From: soar@example\.com\r$/m);
  expect(text).toContain("Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=");
  expect(text).toContain("A first line\r\n.\r\nand a last.");
  expect(text).not.toContain("audit@example.com");
  expect(result).toMatchObject({
    success: true,
    message: "Sent to: soc@example.com it@example.com ciso@example.com audit@example.com",
    data: [{ accepted: to, rejected: [], response: "250 kept" }],
    summary: { total_accepted: 4 },
  });
});

test("a mail that is sent again has the same Message-ID, any other another", async () => {
  const idOf = async (attemptKey: string) => {
    await send({}, jobWith(settings, { attemptKey }));
    return /^Message-ID: (<[0-9a-f]{40}@example\.com>)\r$/m.exec(server.mails.at(-1)!.text)?.[1];
  };
  const [first, again, other] = [await idOf("7:0"), await idOf("7:0"), await idOf("7:1")];
  expect(first).toMatch(/^<.+>$/);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test.each([
  ["subject", "Hello\r\nBcc: victim@example.net"],
  ["subject", "Hello\nX: 1"],
  ["subject", "Hello\0"],
  ["to", "soc@example.com\r\nBcc: victim@example.net"],
  ["to", "soc@example.com>\r\nRCPT TO:<victim@example.net"],
  ["cc", "Name <soc@example.com>"],
  ["bcc", "soc"],
  ["to", " , ;"],
  ["to", "undisclosed: a@example.com;"],
])("%s %j would be more than it says, and nothing is sent", async (name, value) => {
  const before = server.mails.length;
  await expect(send({ [name]: value })).rejects.toThrow(new RegExp(`^${name}: `));
  expect(server.mails.length).toBe(before);
});

test("a body cannot become a header, a path or an address to fetch", async () => {
  await send({ body: "Bcc: victim@example.net\r\n\r\n{{file:///etc/passwd}}" });
  const { to, text } = server.mails.at(-1)!;
  expect(to).toEqual(["soc@example.com"]);
  expect(text.split("\r\n\r\n", 1)[0]).not.toContain("victim");
  expect(text).toContain("{{file:///etc/passwd}}");
});

test("recipients that are refused are told; when all are, nothing is sent", async () => {
  expect(await send({ to: "soc@example.com, nobody@example.com" })).toMatchObject({
    success: true,
    message: "Sent to: soc@example.com, Refused: nobody@example.com",
    data: [{ rejected: ["nobody@example.com"] }],
  });
  await expect(send({ to: "nobody@example.com" })).rejects.toThrow("there is nobody of that name");
});

test("a login is used, and its secret is in no message", async () => {
  const logins: string[] = [];
  const strict = await smtpServer({
    authOptional: false,
    onAuth: ({ username, password }, _, done) => {
      logins.push(`${username}:${password}`);
      if (password === "right-s3cret") return done(null, { user: username });
      const sent = Buffer.from(`\0${username}\0${password}`).toString("base64");
      return done(new Error(`no: ${password} ${sent}`));
    },
  });
  const login = { ...settings, port: strict.port, username: "soar", password: "right-s3cret" };
  expect(await send({}, jobWith(login))).toMatchObject({ success: true });
  const failed = send({}, jobWith({ ...login, password: "wrong-s3cret" }));
  await expect(failed).rejects.toThrow(/no: \*{8} \*{8}/);
  expect(logins).toEqual(["soar:right-s3cret", "soar:wrong-s3cret"]);
});

test("nothing is sent in the clear unless the asset says so", async () => {
  const before = server.mails.length;
  await expect(send({}, jobWith({ ...settings, security: undefined }))).rejects.toThrow();
  await expect(send({}, jobWith({ ...settings, security: "tls" }))).rejects.toThrow();
  expect(server.mails.length).toBe(before);
  const encrypting = await smtpServer({ disabledCommands: [] });
  // Its certificate is its own, which nobody here trusts.
  await expect(send({}, jobWith({ ...settings, port: encrypting.port, security: "starttls" }))).rejects.toThrow(
    /certificate/,
  );
});

test("a server that is down, hangs, or says nonsense is told in words", async () => {
  const down = await closedPort();
  await expect(send({}, jobWith({ ...settings, port: down }))).rejects.toThrow("127.0.0.1 refuses connections.");
  const silent = await smtpServer({ onConnect: () => {} });
  await expect(send({}, jobWith({ ...settings, port: silent.port, timeout: 0.3 }))).rejects.toThrow(
    "127.0.0.1 did not answer within 0.3 seconds.",
  );
  const strange = await smtpServer({ onConnect: (_, done) => done(new Error("go away\r\n250 really")) });
  await expect(send({}, jobWith({ ...settings, port: strange.port }))).rejects.toThrow("go away");
});

test("a mail that cannot be finished ends at the signal", async () => {
  const ending = new AbortController();
  const silent = await smtpServer({ onMailFrom: () => ending.abort() });
  const job = jobWith({ ...settings, port: silent.port, timeout: 60 }, { signal: ending.signal });
  await expect(send({}, job)).rejects.toThrow("The action was ended before 127.0.0.1 had answered.");
});

test("an endless greeting is not listened to for ever", async () => {
  const talking = await lineServer(
    () => {},
    (socket) => {
      const more = () => socket.write("220-and one more thing\r\n".repeat(1000)) && setImmediate(more);
      socket.on("drain", more);
      more();
    },
  );
  const job = jobWith({ ...settings, port: Number(talking.address.split(":")[1]), timeout: 0.5 });
  await expect(send({}, job)).rejects.toThrow("127.0.0.1: Server response exceeds maximum allowed size");
});

test("the test of an asset says whether the server takes mails", async () => {
  expect(await mail.test(jobWith(settings))).toBe("127.0.0.1 takes mails.");
  await expect(mail.test(jobWith({ ...settings, port: await closedPort() }))).rejects.toThrow("refuses connections");
});
