/** Checkpoints side by side in Chromium, against the real server. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareCheckpoints, getBoardColumns } from "../../shared/api/client/suites.ts";
import { measured } from "../../shared/numbers.ts";
import { seriousFindings } from "./accessibility.ts";
import { openSite, type Site } from "./site.ts";

const SUITE = "pcfg-mini@1";
const NAMES = ["adamw-d48-s1-step-7000", "sgd-d48-s1-step-14000", "exact-d48-s1-step-5000"] as const;
let site: Site;
/** Of the zoo. */
let idOf: (name: string) => string;

beforeAll(async () => {
  site = await openSite();
  const { columns } = await getBoardColumns(site.server.connection, SUITE);
  idOf = (name) => columns.checkpoint[columns.name.indexOf(name)]!;
}, 300_000);
afterAll(() => site?.close());

const address = (ids: readonly string[], reference?: string) => {
  const query = new URLSearchParams({ suite: SUITE, ...(reference !== undefined && { reference }) });
  for (const id of ids) query.append("checkpoint", id);
  return `/compare?${query}`;
};
const two = () => address(NAMES.slice(0, 2).map(idOf));
const scores = (page: Page) => page.getByRole("group", { name: "Scores side by side" });
const heads = async (page: Page) => {
  await scores(page).waitFor();
  return scores(page).getByRole("columnheader").getByRole("link").allInnerTexts();
};
/** The address follows the view within a third of a second. */
const settled = (page: Page) => page.waitForTimeout(500);

test("from the board: values, differences on common examples, and what they come to", async () => {
  const { page, errors } = await site.open(`/boards/${SUITE}?window=off`);
  for (const name of NAMES.slice(0, 2)) {
    await page.locator("tbody tr", { hasText: name }).getByRole("checkbox").click();
  }
  await page.getByRole("link", { name: "Compare" }).click();
  const shown = await heads(page);
  expect(shown.toSorted()).toEqual(NAMES.slice(0, 2).toSorted());
  const ids = shown.map(idOf);
  const comparison = await compareCheckpoints(site.server.connection, SUITE, ids);
  for (const score of ["excess-loss", "fisher-trace"]) {
    const { difference, standardError } = comparison.scores.find((each) => each.score === score)!.pairs[0]!;
    const [value, error] = measured(Math.abs(difference!), standardError);
    // From the first to the second, which is the other way round.
    const sign = difference! < 0 ? "+" : "−";
    await scores(page).getByText(`${sign}${value} ± ${error}`, { exact: true }).waitFor();
  }
  const finding = page.locator(".findings li");
  expect(await finding.innerText()).toMatch(/ against .*: (Equal loss|Different loss|Whether)/);
  expect(await page.getByRole("region", { name: "What differs between the cards" }).innerText()).toMatch(
    /optimiser\s+(AdamW|SGD)/,
  );
  expect(errors).toEqual([]);
});

test("others come and go, and the link shows the same to somebody else", async () => {
  const { page, errors } = await site.open(two());
  await heads(page);
  await page.getByRole("combobox", { name: "Differences from" }).selectOption({ label: NAMES[1] });
  await page.locator(".findings li", { hasText: `${NAMES[0]} against ${NAMES[1]}` }).waitFor();
  await page.getByRole("button", { name: "Add a checkpoint" }).click();
  await page.keyboard.type("exact 5000");
  await page.getByRole("dialog").getByRole("button", { name: NAMES[2] }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => heads(page)).toEqual([...NAMES]);
  await settled(page);
  const { page: other } = await site.open(page.url().slice(site.address.length));
  expect(await heads(other)).toEqual([...NAMES]);
  expect(await other.locator(".findings").innerText()).toBe(await page.locator(".findings").innerText());
  await page.getByRole("button", { name: `Take ${NAMES[0]} away` }).click();
  await expect.poll(() => heads(page)).toEqual([NAMES[1], NAMES[2]]);
  expect(errors).toEqual([]);
});

test("from a checkpoint: it has its name, and the other one is chosen from the board", async () => {
  const { page, errors } = await site.open(`/checkpoints/${idOf(NAMES[0])}`);
  await page.getByRole("link", { name: "Compare with…" }).click();
  await page.getByRole("heading", { name: "Choose another one" }).waitFor();
  await page.getByRole("button", { name: `Take ${NAMES[0]} away` }).waitFor();
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByText("The board has no such checkpoint.").waitFor();
  await page.getByRole("searchbox").fill("sgd 14000");
  await page.getByRole("button", { name: NAMES[1] }).click();
  expect(await heads(page)).toEqual([NAMES[0], NAMES[1]]);
  expect(errors).toEqual([]);
});

test("layer profiles one over the other, as a table too", async () => {
  const { page } = await site.open(address(NAMES.map(idOf)));
  const profiles = page.getByRole("region", { name: "Probe accuracy by layer" });
  const figure = profiles.locator("figure").first();
  await figure.getByText("As a table").click();
  expect(await figure.getByRole("columnheader").allInnerTexts()).toEqual(["layer", ...NAMES]);
  expect((await figure.getByRole("rowheader").allInnerTexts()).slice(0, 3)).toEqual(["emb.", "0", "1"]);
  await page.getByText("None of these results has traces split by tensor").waitFor();
});

test("what is shown can be taken along as CSV", async () => {
  const { page } = await site.open(two());
  await heads(page);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as CSV" }).click(),
  ]);
  const [head, ...lines] = readFileSync(await download.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(head).toMatch(/^score,better,checkpoint,name,value/);
  expect(lines).toHaveLength(2 * (await scores(page).locator("tbody tr").count()));
});

describe("when something is wrong", () => {
  test("a link without a suite, and without checkpoints", async () => {
    const { page, errors } = await site.open("/compare");
    await page.getByRole("heading", { name: "Which board are they on?" }).waitFor();
    await page.getByRole("button", { name: /pcfg-mini@1/ }).click();
    await page.getByRole("heading", { name: "Choose the checkpoints" }).waitFor();
    expect(errors).toEqual([]);
  });

  test("ids that are none, one twice, and seven", async () => {
    const ids = [...NAMES.slice(0, 2).map(idOf), "<b>", idOf(NAMES[0])];
    const { page, errors } = await site.open(address(ids, "nobody"));
    await page.getByText("“<b>” is no checkpoint’s id.").waitFor();
    expect(await heads(page)).toEqual(NAMES.slice(0, 2));
    const { columns } = await getBoardColumns(site.server.connection, SUITE);
    const { page: seven } = await site.open(address(columns.checkpoint.slice(0, 7)));
    await seven.getByText(/is left out: no more than 6 fit side by side/).waitFor();
    expect(await heads(seven)).toHaveLength(6);
    expect(await seven.getByRole("button", { name: "Add a checkpoint" }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("one that vanished is named, and the others are compared without it", async () => {
    const gone = "a".repeat(16);
    const { page, errors } = await site.open(address([...NAMES.slice(0, 2).map(idOf), gone]));
    await page.getByRole("heading", { name: "Not all of it is there" }).waitFor();
    await page.getByText(`${gone} (not on the board)`).waitFor();
    await page.getByRole("button", { name: `Take ${gone} away` }).click();
    expect(await heads(page)).toEqual(NAMES.slice(0, 2));
    expect(errors).toEqual([]);
  });

  test("a suite that is not there", async () => {
    const { page } = await site.open("/compare?suite=nothing@1");
    await page.getByText(/There is no suite nothing@1/).waitFor();
  });

  test("a server that is away: words, and a way on", async () => {
    const { page } = await site.open("/");
    await page.getByRole("link", { name: /PCFG mini/ }).waitFor();
    await page.route("**/api/v1/compare?**", (route) => route.abort());
    await page.goto(site.address + two());
    await page.getByRole("heading", { name: "The board does not answer" }).waitFor();
    await page.unroute("**/api/v1/compare?**");
    await page.getByRole("button", { name: "Try again" }).click();
    expect(await heads(page)).toEqual(NAMES.slice(0, 2));
  });
});

describe.each(["light", "dark"] as const)("axe, %s", (colorScheme) => {
  // Each theme at one width: colours and layout are judged apart.
  test.each(colorScheme === "light" ? [1440] : [390])("%d pixels wide", async (width) => {
    const options = { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" as const };
    const paths = ["/", address(NAMES.map(idOf)), address([idOf(NAMES[0])]), "/compare?checkpoint=x"];
    for (const path of paths) {
      const { page, errors } = await site.open(path, options);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      if (path === paths[1]) await page.getByText("As a table").first().click();
      expect(await seriousFindings(page), path).toEqual([]);
      expect(
        await page.evaluate("document.documentElement.scrollWidth - innerWidth"),
        path,
      ).toBeLessThanOrEqual(0);
      expect(errors).toEqual([]);
      await page.context().close();
    }
  });
});
