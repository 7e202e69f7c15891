/*
 * Prints docs/limits.md: every limit with its number, its error and its setting, from the code that keeps it.
 */
import { readConfig } from "./dist/config.js";
import { connections } from "./dist/database/pools.js";
import { session } from "./dist/database/session.js";
import { errorCodes, longestMessage } from "./dist/errors.js";
import {
  deadline,
  defaultPage,
  largestPage,
  limits,
  longestKey,
  mistakesTold,
  mostAssets,
  mostSets,
  plainList,
  schemaList,
} from "./dist/limits.js";
import { countedAtMost } from "./dist/reads/level.js";

const { COST_PER_MINUTE } = readConfig({});
const rows = Object.entries(limits).map(
  ([name, { most, counts, code }]) => `| \`${name}\` | ${most} | ${counts} | \`${code}\` |`,
);
const codes = Object.entries(errorCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);

process.stdout.write(`# Limits

What one request may ask, and what is refused. A refusal comes before anything runs, as a GraphQL error with a status of
400 or more (over WebSocket as the error of the operation), and names the limit and the value that broke it:
\`{"code": "QUERY_TOO_COMPLEX", "limitName": "cost", "limit": ${limits.cost.most}, "value": 520201, "cost": 520201}\`. This page is
made by \`node limits.js\`.

## The size of a request

| limit | at most | of what the request has | error |
| --- | --- | --- | --- |
${rows.join("\n")}

A body over its limit is answered with 413, a WebSocket message over its limit closes the socket with 1009, and one whose
JSON cannot be kept with 4400. No more than ${mistakesTold} mistakes of a document or of its variables are told, each in
${longestMessage} characters at most.

## Cost

The cost of a request is how many objects it may have to answer: one for each object, times the size of the page or list
it is in. A page counts for its \`first\` or \`last\`, at most ${largestPage}; ${defaultPage} when neither is given. A list without
pages counts for ${plainList}, one of the schema itself for ${schemaList}, one of a widget's days for the days that are asked for. Fields that hold values cost nothing, \`@skip\` and \`@include\` change nothing, and what two
fragments both ask for counts twice. \`{ containers(first: 20) { nodes { owner { id } } } }\` costs 1 + 20 + 20.

It is in the header \`x-query-cost\` of every answer, 0 where a request was refused unseen, and in \`extensions.cost\` for
requests with \`"extensions": {"cost": true}\`.

Each caller may spend \`COST_PER_MINUTE\` in a minute (${COST_PER_MINUTE}; 0: without limit), counted by each gateway for itself. More is
\`RATE_LIMITED\`, status 429, with the seconds to wait in \`Retry-After\` and \`extensions.retryAfter\`.

## Lists

| limit | at most | error |
| --- | --- | --- |
| objects of a page, \`nodeIds\` at once | ${largestPage} | \`BAD_USER_INPUT\` |
| \`totalCount\` | ${countedAtMost} | none: \`totalCountExact\` is false |
| assets that one action run is done on | ${mostAssets} | none: the refusal \`INVALID_VALUE\` |
| sets of parameters of one action run | ${mostSets} | none: the refusal \`INVALID_VALUE\` |
| characters of an \`Idempotency-Key\` | ${longestKey} | \`BAD_REQUEST\` |

## Time

| limit | at most | error |
| --- | --- | --- |
| a request | ${deadline / 1000} s | \`TIMEOUT\` |
| a statement in the database | ${session.statement_timeout} | \`TIMEOUT\` |
| waiting for a lock in the database | ${session.lock_timeout} | \`TIMEOUT\` |
| a statement whose client has gone | ${session.client_connection_check_interval} | cancelled |

A request that takes too long, or whose client has gone, has its statement cancelled, and nothing of it begins any more;
changes that were not committed are undone. One that waits, by \`waitSeconds\` or for an asset that is tested, has that time besides.

For what no index finds, such as \`artifacts(filter: { hasNote: { eq: true } })\`, the rows are looked through in the order asked
for, those that the rest of the filter leaves: enough for a page, but no more than the limit \`rows\` above. A \`totalCount\`
then counts what is among those, with \`totalCountExact\` false.

## What is kept as it was written

Text, and everything inside JSON, comes back as it was sent, or the request is refused with \`BAD_USER_INPUT\`, the path and
the reason:

- Numbers whose value JSON's readers change, such as \`9007199254740993\` or \`1e400\`: send a string. Only the value counts:
  \`1.50\` comes back as \`1.5\`, and \`-0\` as \`0\`.
- Half a surrogate pair, and the character NUL.
- A key that an object has twice, and the key \`__proto__\`. \`constructor\` and \`prototype\` are keys like any other.
- Bytes that are no UTF-8 (\`BAD_REQUEST\`).

## Operations that are kept

\`PERSISTED_OPERATIONS\` names a folder of \`.graphql\` files, or a JSON file of names and texts (also the manifest of Apollo's
tools). Clients send a \`documentId\`, the name or the SHA-256 of the text, instead of \`query\`, or Apollo's
\`extensions.persistedQuery\`. With \`PERSISTED_ONLY=true\` no other document runs (\`FORBIDDEN\`, 403), the explorer's neither.
Texts are read at the start and checked against the schema and these limits.

## The database

A gateway takes up to ${Object.values(connections).reduce((sum, most) => sum + most, 0)} connections. It does not start when Postgres has too few, or may lose what it confirmed
(\`fsync\`, \`full_page_writes\` or \`synchronous_commit\` off) unless \`ACCEPT_DATA_LOSS=true\`.

## Error codes

Besides those of Apollo Server for documents that cannot be run (\`GRAPHQL_PARSE_FAILED\`, \`GRAPHQL_VALIDATION_FAILED\`,
\`OPERATION_RESOLUTION_FAILURE\`):

| code | meaning |
| --- | --- |
${codes.join("\n")}
`);
