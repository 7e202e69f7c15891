import { beforeAll, describe, expect, test } from "vitest";
import { expectClean, hasBrowser, openBrowser } from "./support/browser.js";
import { openGateway } from "./support/gateway.js";

const gateway = await openGateway();
const { url, token, ask, database } = gateway;
const second = await gateway.beside();

/** Asks for an action that waits for an approval, and gives its number. */
async function queue(container: number, handle: string): Promise<number> {
  const input = { container, action: "geolocate ip", name: handle, parameters: [{ ip: "1.1.1.1" }], reviewer: "admin" };
  const query = "mutation ($input: ActInput!) { act(input: $input) { message actionRunId } }";
  const { data } = await ask(query, { input });
  expect(data.act.actionRunId, data.act.message).toBeGreaterThan(0);
  return data.act.actionRunId;
}

const cancel = (id: number) => ask(`mutation { cancelActionRun(input: { actionRunId: ${id} }) { success message } }`);

describe.skipIf(!hasBrowser)("the board of actions", { timeout: 60_000 }, () => {
  const open = openBrowser(url);
  const openOnSecond = openBrowser(second.url);
  let waiting: number;

  beforeAll(async () => {
    waiting = await queue(7, "first of all");
  });

  test.each(["light", "dark"] as const)("in the %s shows what waits, runs and has ended", async (colorScheme) => {
    const visit = await open({ colorScheme });
    const { page, look } = visit;
    await page.goto(`${url}/board#token=${token}`);
    await page.getByText("Live", { exact: true }).waitFor();
    const column = (name: string) => page.getByRole("region", { name });
    await column("Waiting").getByText("first of all").waitFor();
    expect(await column("Waiting").getByRole("listitem").filter({ hasText: "first of all" }).innerText()).toMatch(
      new RegExp(
        `geolocate ip\\s+waiting[^]*Container 7[^]*Waits for approval\\.[^]*Run ${waiting} · maxmind · admin · waits \\d+ s`,
      ),
    );
    expect(await column("Running").getByRole("listitem").count()).toBeGreaterThan(0);
    expect(await column("Ended").getByRole("listitem").count()).toBe(50);
    expect(await look(`board-${colorScheme}`)).toEqual([]);
    expectClean(visit);
  });

  test("moves what changes, and shows the actions of one container alone", async () => {
    const visit = await open();
    const { page } = visit;
    await page.goto(`${url}/board?container=8#token=${token}`);
    await page.getByRole("heading", { name: "Actions on container 8" }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    const [elsewhere, here] = [await queue(7, "elsewhere"), await queue(8, "right here")];
    await page.getByRole("region", { name: "Waiting" }).getByText("right here").waitFor();
    await cancel(elsewhere);
    await cancel(here);
    const card = page.getByRole("region", { name: "Ended" }).getByRole("listitem").filter({ hasText: "right here" });
    expect(await card.innerText()).toMatch(/cancelled/);
    expect(await page.getByText("right here").count()).toBe(1);
    expect(await page.getByText("elsewhere").count()).toBe(0);
    await card.getByRole("link", { name: "Container 8" }).click();
    await page.getByRole("link", { name: "All containers" }).click();
    await page.getByText("elsewhere").waitFor();
    expectClean(visit);
  });

  test("says that the connection is lost, and misses nothing of that time", async () => {
    const { page } = await openOnSecond();
    await page.goto(`${second.url}/board#token=${token}`);
    await page.getByText("Live", { exact: true }).waitFor();
    await second.app.close();
    await page.getByText("The connection is lost").waitFor();
    const id = await queue(9, "meanwhile");
    await cancel(id);
    await gateway.beside({ port: Number(new URL(second.url).port) });
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await page.getByRole("listitem").filter({ hasText: "meanwhile" }).innerText()).toMatch(/cancelled/);
  });

  test("leads to the login when the session ends, and from there back", async () => {
    const { page } = await open();
    await page.goto(`${url}/board#token=${token}`);
    await page.getByText("Live", { exact: true }).waitFor();
    await database.pool.query("delete from sessions");
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await page.getByLabel("Token", { exact: true }).fill(token);
    await page.getByRole("form", { name: "With a token" }).getByRole("button").click();
    await page.getByText("Live", { exact: true }).waitFor();
  });

  test("refuses what is no container", async () => {
    const { page } = await open();
    await page.goto(`${url}/board?container=x#token=${token}`);
    expect(await page.getByRole("alert").innerText()).toBe('container is "x"; it takes the number of a container.');
  });
});
