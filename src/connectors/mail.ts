import { createHash } from "node:crypto";
import { createTransport } from "nodemailer";
import { action, connector, output, type Work } from "./define.js";
import { connect, within } from "./network.js";
import type { ValuesOf } from "./values.js";

const configuration = {
  server: { dataType: "string", description: "The SMTP server.", required: true },
  port: { dataType: "numeric", description: "Its port.", default: 587 },
  security: {
    dataType: "string",
    description:
      "How the connection is encrypted: from the start (`tls`), before anything is sent (`starttls`), or not (`none`).",
    default: "starttls",
    valueList: ["tls", "starttls", "none"],
  },
  username: { dataType: "string", description: "The name to log in with; left out, nobody logs in." },
  password: { dataType: "password", description: "The password that goes with the name." },
  sender: { dataType: "string", description: "The address that mails are from.", required: true },
  timeout: { dataType: "numeric", description: "Seconds to wait until the server has taken a mail.", default: 30 },
} as const;

type Settings = ValuesOf<typeof configuration>;

const recipients = (description: string) => ({ dataType: "string", description, contains: ["email"] }) as const;

/** Sends mails over the SMTP server of its asset. */
export const mail = connector({
  appid: "5a5ad097-3b76-449b-9c27-972b8468cb13",
  name: "SMTP",
  version: "1.0.0",
  description: "Sends mails.",
  product: { name: "SMTP", vendor: "Generic" },
  type: "email",
  configuration,
  actions: [
    action({
      action: "send email",
      type: "generic",
      description: "Sends a mail. Its Message-ID is made of the attempt key: sent twice, it is the same mail.",
      effect: "unsafe",
      needsAsset: true,
      parameters: {
        to: { ...recipients("Who gets it: addresses, separated by commas."), required: true, primary: true },
        cc: recipients("Who gets a copy."),
        bcc: recipients("Who gets a copy without the others seeing it."),
        subject: { dataType: "string", description: "What it is about, in one line.", required: true },
        body: { dataType: "string", description: "Its text.", required: true },
      },
      output: output({
        "data.*.message_id": "string",
        "data.*.accepted.*": ["string", "email"],
        "data.*.rejected.*": ["string", "email"],
        "data.*.response": "string",
        "summary.message_id": "string",
        "summary.total_accepted": "numeric",
      }),
      run: ({ to, cc, bcc, subject, body }, work: Work<Settings>) => {
        const [from] = addresses("sender", work.settings.sender);
        const message = {
          from,
          to: addresses("to", to),
          cc: addresses("cc", cc ?? ""),
          bcc: addresses("bcc", bcc ?? ""),
          subject: oneLine("subject", subject),
          text: body,
          messageId: messageId(work.attemptKey, from!),
        };
        return talk(work, async (transport) => {
          const { accepted, rejected, response } = await transport.sendMail(message);
          const refused = rejected.length ? `, Refused: ${rejected.join(" ")}` : "";
          return {
            success: true,
            message: `Sent to: ${accepted.join(" ")}${refused}`,
            data: [{ message_id: message.messageId, accepted, rejected, response }],
            summary: { message_id: message.messageId, total_accepted: accepted.length },
          };
        });
      },
    }),
  ],
  test: (work) =>
    talk(work, async (transport) => {
      await transport.verify();
      return `${work.settings.server} takes mails.`;
    }),
});

/** Talks SMTP with the asset's server, over a connection that ends when the time is up. */
function talk<T>({ settings, signal, hide }: Work<Settings>, run: (transport: Transport) => Promise<T>): Promise<T> {
  const { server, port, security, username, password = "", timeout } = settings;
  if (username) hide(Buffer.from(`\0${username}\0${password}`).toString("base64"));
  return within(timeout, server, signal, (end) =>
    run(
      createTransport({
        host: server,
        port,
        secure: security === "tls",
        requireTLS: security === "starttls",
        ignoreTLS: security === "none",
        ...(username && { auth: { user: username, pass: password } }),
        disableFileAccess: true,
        disableUrlAccess: true,
        getSocket: (_options, done) =>
          connect(server, port, end).then(
            (connection) => done(null, { connection }),
            (error) => done(error, false),
          ),
      }),
    ),
  );
}

type Transport = ReturnType<typeof createTransport>;

/** Plain addresses alone: no names, groups or line breaks that would become headers or more recipients. */
function addresses(name: string, text: string): string[] {
  const all = text
    .split(/[,;]/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
  if (text && all.length === 0) throw new Error(`${name}: there is no address in ${JSON.stringify(text)}.`);
  const wrong = all.find((one) => !/^[^\s@<>()[\]\\,;:"]{1,64}@[^\s@<>()[\]\\,;:"]{1,255}$/.test(one));
  if (wrong !== undefined)
    throw new Error(`${name}: ${JSON.stringify(wrong)} is not an address such as soc@example.com.`);
  return all;
}

function oneLine(name: string, text: string): string {
  if (/[\0-\x1f\x7f\u2028\u2029]/.test(text))
    throw new Error(`${name}: it must be one line without control characters.`);
  return text;
}

function messageId(attemptKey: string, from: string): string {
  return `<${createHash("sha256").update(attemptKey).digest("hex").slice(0, 40)}@${from.split("@")[1]}>`;
}
