/** The board in Chromium: what people do with it, against the real server. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getBoardColumns } from "../../shared/api/client/suites.ts";
import { seriousFindings } from "./accessibility.ts";
import { openSite, type Site } from "./site.ts";

const BOARD = "/boards/pcfg-mini@1";
let site: Site;
beforeAll(async () => {
  site = await openSite();
}, 180_000);
afterAll(() => site?.close());

/** Names of the rows that are shown, from the first on. */
async function names(page: Page): Promise<string[]> {
  await page.locator("tbody tr[data-index='0']").waitFor();
  return page.locator("tbody tr[data-index] th a").evaluateAll((links) =>
    (links as { textContent: string; closest(selector: string): { dataset: { index: string } } }[])
      .map((link) => ({ name: link.textContent, index: Number(link.closest("tr").dataset.index) }))
      .sort((a, b) => a.index - b.index)
      .map(({ name }) => name),
  );
}

const count = (page: Page) => page.locator(".tools > .count").innerText();
/** The address follows the view within a third of a second. */
const settled = (page: Page) => page.waitForTimeout(500);
const sentence = (page: Page) => page.locator("section[aria-label=Correlation] .sentence").innerText();

test("from the list of boards to a board, and to the head of its table", async () => {
  const { page, errors } = await site.open("/");
  await page.getByRole("link", { name: /PCFG mini/ }).click();
  await page.getByRole("heading", { level: 1, name: /PCFG mini/ }).waitFor();
  expect(new URL(page.url()).pathname).toBe(BOARD);
  expect(await page.getByRole("columnheader", { name: /Excess loss/ }).getAttribute("aria-sort")).toBe(
    "ascending",
  );
  const shown = await names(page);
  const { columns } = await getBoardColumns(site.server.connection, "pcfg-mini");
  // The window lies where most checkpoints have equal loss.
  expect(shown.length).toBeGreaterThan(8);
  expect(shown.length).toBeLessThan(columns.name.length);
  expect(await count(page)).toBe(`${shown.length} of ${columns.name.length}`);
  const losses = shown.map((name) => columns.measures["excess-loss"]!.value[columns.name.indexOf(name)]!);
  expect(losses).toEqual(losses.toSorted((a, b) => a - b));
  expect(losses.at(-1)! - losses[0]!).toBeLessThanOrEqual(0.01);
  expect(errors).toEqual([]);
});

test("filter, sort by keyboard, drag the window, choose axes: the link shows the same to somebody else", async () => {
  const { page, errors } = await site.open(BOARD);
  await names(page);
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByRole("dialog", { name: "Filters" }).getByRole("checkbox", { name: /^d48 / }).check();
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await names(page)).every((name) => name.includes("d48"))).toBe(true);

  const head = page.getByRole("columnheader", { name: /Fisher trace/ }).first();
  await head.getByRole("button").focus();
  await page.keyboard.press("Enter");
  expect(await head.getAttribute("aria-sort")).toBe("ascending");
  await page.keyboard.press("Enter");
  expect(await head.getAttribute("aria-sort")).toBe("descending");

  const before = await names(page);
  const window = page.getByRole("slider", { name: /^Loss window/ });
  const range = await window.getAttribute("aria-valuetext");
  const box = (await window.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 220, box.y + 14, { steps: 8 });
  await page.mouse.up();
  expect(await window.getAttribute("aria-valuetext")).not.toBe(range);
  await expect.poll(() => names(page)).not.toEqual(before);

  await page.getByRole("combobox", { name: "Up", exact: true }).selectOption("task:task-B");
  await page.getByRole("checkbox", { name: "Group seeds" }).check();
  await settled(page);
  await expect.poll(() => sentence(page)).toContain("task-B");
  const view = async (shown: Page) =>
    JSON.stringify({ names: await names(shown), count: await count(shown), sentence: await sentence(shown) });
  const { page: other } = await site.open(page.url().slice(site.address.length));
  await expect.poll(() => other.locator("section[aria-label=Correlation] .sentence").count()).toBe(1);
  // Rows follow the window a moment later.
  await expect.poll(async () => (await view(other)) === (await view(page)), { timeout: 10_000 }).toBe(true);
  expect(errors).toEqual([]);
});

test("the journey to a comparison: filter, drag the window, select rows in table and plot, compare", async () => {
  const { page, errors } = await site.open("/");
  await page.getByRole("link", { name: /PCFG mini/ }).click();
  await names(page);
  await page.getByRole("searchbox", { name: "Search names" }).fill("adamw");
  const lower = page.getByRole("slider", { name: "Lower end of the loss window" });
  const before = await names(page);
  const box = (await lower.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 400, box.y + box.height / 2, { steps: 10 });
  await page.mouse.up();
  await expect.poll(async () => (await names(page)).length).toBeGreaterThan(before.length);
  const shown = await names(page);
  expect(shown.every((name) => name.startsWith("adamw"))).toBe(true);

  // A click on a row selects it, as its check box does; a third one in the plot.
  await page.locator("tr[data-index='0'] td").last().click();
  await page.getByText("Select one more to compare").waitFor();
  await page.getByRole("checkbox", { name: `Select ${shown[1]!}` }).check();
  const plot = page.getByRole("group", { name: /^Plot of/ });
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  const readout = plot.locator(".readout strong");
  while ([shown[0], shown[1]].includes(await readout.innerText())) await page.keyboard.press("ArrowRight");
  const third = await readout.innerText();
  await page.keyboard.press("x");
  await page.getByText("3 selected").waitFor();
  await page.getByRole("link", { name: "Compare" }).click();
  await page.waitForURL(/\/compare\?/);
  const { columns } = await getBoardColumns(site.server.connection, "pcfg-mini");
  const query = new URL(page.url()).searchParams;
  expect(query.get("suite")).toBe("pcfg-mini@1");
  const compared = query.getAll("checkpoint").map((id) => columns.name[columns.checkpoint.indexOf(id)]);
  expect(compared).toEqual([shown[0], shown[1], third]);
  for (const name of compared) await page.getByRole("link", { name: name! }).first().waitFor();
  // The way back leads to the same view.
  await page.goBack();
  await expect.poll(() => names(page)).toEqual(shown);
  expect(await page.locator("tbody input:checked").count()).toBe(3);
  expect(errors).toEqual([]);
});

test("all by keyboard: search, rows, selection, comparison", async () => {
  const { page } = await site.open(`${BOARD}?window=off`);
  const all = await names(page);
  await page.keyboard.press("/");
  await page.keyboard.type("sgd");
  await expect.poll(() => names(page)).toHaveLength(4);
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: "Search names" }).fill("");
  await page.getByRole("region", { name: "Checkpoints" }).focus();
  const focused = () => page.evaluate("document.activeElement.textContent");
  await page.keyboard.press("j");
  expect(await focused()).toBe(all[1]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("x");
  await page.keyboard.press("k");
  await page.keyboard.press("x");
  await page.keyboard.press("End");
  expect(await focused()).toBe(all.at(-1));
  const compare = page.getByRole("link", { name: "Compare" });
  const link = new URL((await compare.getAttribute("href"))!, site.address);
  expect(link.pathname).toBe("/compare");
  expect(link.searchParams.getAll("checkpoint")).toHaveLength(2);
  expect(link.searchParams.get("suite")).toBe("pcfg-mini@1");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/checkpoints\/[a-z2-7]{16}$/);
});

test("no more are selected than can be compared", async () => {
  const { page } = await site.open(`${BOARD}?window=off`);
  await names(page);
  for (let i = 0; i < 7; i++) await page.locator(`tr[data-index="${i}"] input`).click();
  await page.getByText("no more can be compared at once").waitFor();
  expect(await page.locator("tbody input:checked").count()).toBe(6);
});

test("the window moves with arrows, and with a finger", async () => {
  const { page } = await site.open(BOARD, { hasTouch: true, viewport: { width: 390, height: 800 } });
  await names(page);
  const low = page.getByRole("slider", { name: "Lower end of the loss window" });
  const value = async () => Number(await low.getAttribute("aria-valuenow"));
  const start = await value();
  await low.focus();
  await page.keyboard.press("ArrowLeft");
  expect(await value()).toBeCloseTo(start - 0.001, 6);
  await page.keyboard.press("PageDown");
  expect(await value()).toBeCloseTo(start - 0.011, 6);
  const window = page.getByRole("slider", { name: /^Loss window/ });
  const box = (await window.boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const touch = await page.context().newCDPSession(page);
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
  for (let step = 1; step <= 6; step++) {
    await touch.send("Input.dispatchTouchEvent", {
      type: "touchMove",
      touchPoints: [{ x: x + 6 * step, y }],
    });
  }
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  expect(await value()).toBeGreaterThan(start - 0.011);
  const words = await window.getAttribute("aria-valuetext");
  expect(words).toMatch(/^0\.\d+ to 0\.\d+ nats, \d+ checkpoints?$/);
  await page.getByRole("switch", { name: "Equal loss only" }).uncheck();
  expect(await count(page)).toBe("20");
});

test("points are reached by keyboard, and what is selected in the plot is selected in the table", async () => {
  const { page } = await site.open(BOARD);
  await names(page);
  const plot = page.getByRole("group", { name: /^Plot of task-A against Fisher trace/ });
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  const readout = plot.locator(".readout strong");
  const first = await readout.innerText();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => readout.innerText()).not.toBe(first);
  await page.keyboard.press("x");
  const selected = page.locator("tr.selected th a");
  expect(await selected.textContent()).toBe(await readout.innerText());
});

test("what is shown can be taken along as CSV", async () => {
  const { page } = await site.open(`${BOARD}?name=sgd&window=off&columns=fisher-trace,run`);
  const shown = await names(page);
  await page.getByRole("button", { name: "Share" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save what is shown as CSV" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("pcfg-mini@1.csv");
  const lines = readFileSync(await download.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(lines[0]).toBe(
    "checkpoint,name,seeds,fisher-trace,fisher-trace standard error,fisher-trace tier,run",
  );
  expect(lines.slice(1).map((line) => line.split(",")[1])).toEqual(shown);
});

describe("when something is wrong", () => {
  test("nonsense in a link is told, and everything else of it counts", async () => {
    const { page, errors } = await site.open(`${BOARD}?sort=banana&window=2,1&name=sgd&x=__proto__`);
    expect((await names(page)).every((name) => name.startsWith("sgd"))).toBe(true);
    const notice = page.getByText("Parts of the link meant nothing");
    expect(await notice.innerText()).toContain("banana");
    expect(await notice.innerText()).toContain("the lower end is above the upper one");
    await page.getByRole("button", { name: "Put away" }).click();
    await notice.waitFor({ state: "detached" });
    expect(errors).toEqual([]);
  });

  test.each([
    ["colour=pink", /colour=pink/],
    ["log=z", /log=z/],
    ["minLoss=abc&maxSteps=4", /minLoss=abc: expected a number.*“maxSteps” is nothing that a board knows/],
    ["selected=aaaaaaaaaaaaaaaa", /Not on this board, or not any more: aaaaaaaaaaaaaaaa/],
    ["selected=<script>alert(1)</script>", /selected=<script>alert\(1\)<\/script>/],
    ["columns=loss,banana&y=task:nothing", /has no “banana”.*has no “task:nothing”/],
    ["family=LONG", /family=x{40}…/],
    ["window=0.1", /window=0.1: expected off, or two numbers/],
    ["window=NaN,1&group=%00", /window=NaN,1/],
  ])("%s is told", async (query, words) => {
    const { page, errors } = await site.open(`${BOARD}?${query.replace("LONG", "x".repeat(300))}`);
    expect((await names(page)).length).toBeGreaterThan(8);
    expect(await page.getByText("Parts of the link meant nothing").innerText()).toMatch(words);
    expect(errors).toEqual([]);
  });

  test("a board or page that is not there", async () => {
    const { page } = await site.open("/boards/nothing@3");
    await page.getByText("There is no such thing here").waitFor();
    await page.getByRole("link", { name: "All boards" }).click();
    await page.getByRole("link", { name: /PCFG mini/ }).waitFor();
    const { page: lost } = await site.open("/boards/a/b");
    await lost.getByText("There is no such page").waitFor();
  });

  test("a server that is away: words, and a way on", async () => {
    const { page } = await site.open("/");
    await page.getByRole("link", { name: /PCFG mini/ }).waitFor();
    await page.route("**/api/**", (route) => route.abort());
    await page.getByRole("link", { name: /PCFG mini/ }).click();
    await page.getByText("The board does not answer").waitFor();
    await page.unroute("**/api/**");
    await page.getByRole("button", { name: "Try again" }).click();
    expect((await names(page)).length).toBeGreaterThan(8);
  });

  test("filters that let nobody through", async () => {
    const { page } = await site.open(`${BOARD}?name=nobody`);
    await page.getByRole("heading", { name: "No checkpoint is left" }).waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    expect((await names(page)).length).toBeGreaterThan(8);
  });
});

describe.each(["light", "dark"] as const)("axe, %s", (colorScheme) => {
  // Each theme at one width: colours and layout are judged apart.
  test.each(colorScheme === "light" ? [1440] : [390])("%d pixels wide", async (width) => {
    const options = { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" as const };
    for (const path of ["/", `${BOARD}?group=seeds`, "/boards/nothing", "/nowhere"]) {
      const { page, errors } = await site.open(path, options);
      await page.locator("h1, h2").first().waitFor();
      if (path.startsWith(BOARD)) {
        await names(page);
        await page.locator("section[aria-label=Correlation] .sentence").waitFor();
        await page.locator("tbody input").first().click();
      }
      expect(await seriousFindings(page), path).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    }
  });
});

test("the theme that is chosen stays, and comes before the first paint", async () => {
  const { page } = await site.open("/", { colorScheme: "light" });
  await page.getByRole("combobox", { name: "Theme" }).selectOption("dark");
  const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const dark = await background();
  await page.reload();
  expect(await background()).toBe(dark);
  await page.getByRole("combobox", { name: "Theme" }).selectOption("system");
  expect(await background()).not.toBe(dark);
});
