import { bodyOf } from "./scenarios.js";
import { randomFrom, token } from "./settings.js";

/** Asks every contender the same and stops the benchmark when they answer differently; gives the size of the answers. */
export async function compareAnswers(servers, scenarios) {
  const bytes = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (scenario.write) {
      await compareWrites(servers, scenario);
      continue;
    }
    let total = 0;
    for (const variables of scenario.variables) {
      const answers = await Promise.all(servers.map((server) => ask(server, scenario, variables)));
      for (const [index, answer] of answers.entries()) {
        if (answer === answers[0] && answer.includes('"id":')) continue;
        throw new Error(different(name, variables, servers[index].name, answers[0], answer));
      }
      total += Buffer.byteLength(answers[0]);
    }
    bytes[name] = Math.round(total / scenario.variables.length);
  }
  return bytes;
}

/** Every contender adds artifacts of its own; sent again, the very same is not added. */
async function compareWrites(servers, scenario) {
  const random = randomFrom(1);
  for (const [index, server] of servers.entries()) {
    const variables = scenario.write(-1 - index, random);
    const [first, again] = [await ask(server, scenario, variables), await ask(server, scenario, variables)].map(
      (answer) => JSON.parse(answer).addArtifact,
    );
    if (first.success && Number.isInteger(first.artifactId) && !again.success && again.code === "DUPLICATE") continue;
    throw new Error(`${server.name} answers M1 with ${JSON.stringify([first, again])}.`);
  }
}

/** The data of an answer as JSON without white space: the order of keys counts. */
async function ask({ name, url }, scenario, variables) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: "POST", headers, body: bodyOf(scenario, variables) });
  const text = await response.text();
  const { data, errors } = JSON.parse(text);
  if (response.ok && data && !errors) return JSON.stringify(data);
  throw new Error(`${name} answers ${scenario.title} with ${response.status} ${text.slice(0, 500)}`);
}

function different(scenario, variables, name, first, answer) {
  let at = 0;
  while (first[at] === answer[at] && at < answer.length) at++;
  const around = (text) => text.slice(Math.max(0, at - 80), at + 80);
  return `${scenario} ${JSON.stringify(variables)}: ${name} answers otherwise or nothing:\n  ${around(first)}\n  ${around(answer)}`;
}
