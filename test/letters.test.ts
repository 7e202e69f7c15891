import { expect, test } from "vitest";
import { lower } from "../src/database/letters.js";
import { openGateway } from "./support/gateway.js";
import { call, newContainer } from "./support/operations.js";

const gateway = await openGateway("empty");

test("small letters are those of Postgres, for every letter there is", async () => {
  const letters = Array.from({ length: 0x1ffff }, (_, point) => point + 1)
    .filter((point) => point < 0xd800 || point > 0xdfff)
    .map((point) => String.fromCodePoint(point));
  const words = [
    ...letters.filter((letter) => letter.toLowerCase() !== letter),
    "ΟΔΟΣ",
    "ΣΑΣ ΣΑΣ",
    "İSTANBUL",
    "STRASSE",
  ];
  const { rows } = await gateway.database.pool.query<{ given: string; small: string }>(
    "select given, lower(given) as small from unnest($1::text[]) given",
    [words],
  );
  // What is younger than this Postgres has no small letter there.
  expect(rows.filter(({ given, small }) => small !== given && small !== lower(given))).toEqual([]);
});

test("a name is found whatever its letters and their case", async () => {
  await call(gateway, "createLabel", { name: "ΟΔΟΣ" });
  const id = await newContainer(gateway, { label: "οδοσ" });
  for (const label of ["ΟΔΟΣ", "οδος", "οδοσ"]) {
    const { data } = await gateway.ask(
      "query ($label: String) { containers(filter: { label: { eq: $label } }) { nodes { id label } } }",
      { label },
    );
    expect(data.containers.nodes, label).toEqual(label === "οδος" ? [] : [{ id, label: "ΟΔΟΣ" }]);
  }
  const { data } = await gateway.ask("{ labels { name containers { nodes { id } } } }");
  expect(data.labels.find(({ name }: { name: string }) => name === "ΟΔΟΣ").containers.nodes).toEqual([{ id }]);
});
