/*
 * Prints docs/connectors.md: what the built connectors do, what they take and what their assets are set up with.
 */
import { connectors } from "./dist/connectors/index.js";

const effects = {
  read: "changes nothing: done again when it was interrupted",
  keyed: "the product knows the attempt key: done again when it was interrupted",
  unsafe: "changes something: never done twice, so it fails when it was interrupted",
};

const list = (values) => values.map((value) => `\`${value}\``).join(", ");

function table(kind, declared) {
  const rows = Object.entries(declared).map(
    ([name, { dataType, description, required, default: value, valueList }]) => {
      const words = [
        required && "required",
        value !== undefined && `default \`${value}\``,
        valueList && `one of ${list(valueList)}`,
      ];
      const rules = words.filter(Boolean).join("; ");
      return `| \`${name}\` | ${dataType} | ${description}${rules && ` (${rules})`} |`;
    },
  );
  if (rows.length === 0) return "";
  return `\n| ${kind} | type | meaning |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
}

function actionText({ action, description, effect, needsAsset, parameters, output }) {
  const paths = output.map(({ dataPath }) => dataPath.replace("action_result.", ""));
  return `### \`${action}\`

${description} ${needsAsset ? "Needs an asset" : "Runs with or without an asset"}; ${effects[effect]}.
${table("parameter", parameters)}
Results: ${list(paths)}.
`;
}

const sections = connectors.map(
  ({ manifest: { name, description, product, configuration, actions } }) => `## ${name}

${description} Product \`${product.name}\` of \`${product.vendor}\`.
${table("setting of its assets", configuration)}
${actions.map(actionText).join("\n")}`,
);

process.stdout.write(`# Connectors

What the actions of this gateway do, made by \`node connectors.js\` from the manifests in \`src/connectors/\`;
[adding.md](adding.md) shows how to add one. Every connector refuses parameters that are not as declared, ends when its
time is up or the action is cancelled, reads no more than a limit, and hides the secrets of its asset in messages, data
and logs.

- **Places** come from the country database of DB-IP (CC BY 4.0: pages that show results link to https://db-ip.com), which
  is installed with the packages. For cities, point an asset's \`database\` at a file of your own. Addresses that
  are private, reserved or for documentation are answered as such, also by \`whois ip\`.
- **Names** that do not exist, addresses without a place and indicators that no list has are answers: the action succeeds.
- **Lists** of indicators are files: one a line, remarks after \`#\` or \`;\`, or CSV whose header has \`indicator\` and may have
  \`verdict\`, \`source\` and \`comment\`. A list may mix hashes, addresses, ranges (\`198.51.100.0/24\`), domains and URLs. It
  is read once, and again when the file changes; lines that are no indicators are named in the log. Domains count for names
  below them, hosts for their URLs, ranges for their addresses.
- **whois** follows referrals to port 43 of public addresses; others must be in the asset's \`referrals\`.
- **Web APIs** are called below the asset's base URL and nowhere else, whatever a parameter or a redirect says.
  Certificates are checked; \`NODE_EXTRA_CA_CERTS\` adds an authority of your own.
- **Mails** are plain text to plain addresses. A message is unencrypted only where the asset says \`none\`.

${sections.join("\n")}`);
