/** Submitting in Chromium, from a file to its row, against the real server; and the page that explains the numbers. */
import { readFileSync } from "node:fs";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getCheckpoint } from "../../shared/api/client/checkpoints.ts";
import { request, requestJson } from "../../shared/api/client/connection.ts";
import { getBoard, publishSuite } from "../../shared/api/client/suites.ts";
import { issuedTokenSchema } from "../../shared/api/tokens.ts";
import { PART_BYTES } from "../../shared/api/uploads.ts";
import { largeToy, toyMaterial, zooMaterial } from "../system/material.ts";
import { startServer } from "../system/server.ts";
import { seriousFindings } from "./accessibility.ts";
import { openSite, type Site } from "./site.ts";
import { thorough } from "../support/thorough.ts";

const NAME = "adamw-d32-s1-step-9000";
const CARD = readFileSync(new URL(`../../models/zoo/pcfg-mini/${NAME}.card.json`, import.meta.url));
const zoo = zooMaterial(NAME);
let site: Site;

beforeAll(async () => {
  site = await openSite("none");
  for (const { suite } of [zoo, toyMaterial(1)]) await publishSuite(site.server.connection, suite.text);
}, 180_000);
afterAll(() => site?.close());

const named = (name: string, bytes: Uint8Array) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(bytes),
});
const toy = (seed: number) => named(`toy-${seed}-step-${seed}.onnx`, toyMaterial(seed).model);

const choose = (page: Page, ...files: ReturnType<typeof named>[]) =>
  page.locator("input[type=file]").setInputFiles(files);
const giveToken = (page: Page, token = site.server.token) =>
  page.getByLabel("Token", { exact: true }).fill(token);
const field = (page: Page, label: string) => page.getByRole("textbox", { name: label, exact: true });
const go = (page: Page) => page.locator(".go button");
const suites = (page: Page) => page.getByRole("combobox", { name: "Suite" });
/** How its parameters move is told last, or that it cannot be run here, as toys of six positions cannot. */
const inspected = (page: Page) =>
  page
    .locator(".inspection")
    .getByText(/^moved$|It could not be run here/)
    .first()
    .waitFor();
/** Evaluations take their time where machines are slow. */
const heading = (page: Page, name: RegExp) =>
  page.getByRole("heading", { name }).waitFor({ timeout: 90_000 });

/** What ONNX Runtime logs of a model that it cannot run is told by the page. */
const failures = (errors: readonly string[]) => errors.filter((text) => !text.includes("E:onnxruntime"));

/** As the system hands files over. */
async function drop(page: Page, place: string, files: readonly ReturnType<typeof named>[]): Promise<void> {
  const given = files.map(({ name, buffer }) => ({ name, text: buffer.toString("base64") }));
  const transfer = await page.evaluateHandle(
    `(() => {
      const transfer = new DataTransfer();
      for (const { name, text } of ${JSON.stringify(given)}) {
        transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
      }
      return transfer;
    })()`,
  );
  await page.dispatchEvent(place, "drop", { dataTransfer: transfer });
}

test("a checkpoint of the zoo: dropped, inspected, uploaded, evaluated, found on its board", async () => {
  const { page, errors } = await site.open("/");
  const pages = page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: "Submit" }).click();
  await heading(page, /^Submit a checkpoint$/);
  expect(await go(page).isDisabled()).toBe(true);
  await giveToken(page);
  // Beside the place for it, which counts as well.
  await drop(page, "h1", [named(`${NAME}.onnx`, zoo.model), named(`${NAME}.card.json`, CARD)]);
  await inspected(page);
  const found = page.locator(".inspection");
  expect(await found.innerText()).toMatch(/26,638/);
  expect(await found.locator("code").innerText()).toMatch(/^[0-9a-f]{64}$/);
  expect(await field(page, "Family").inputValue()).toBe("d32");
  expect(await field(page, "Step").inputValue()).toBe("9000");
  await field(page, "Notes").fill("From a browser.");
  await suites(page).selectOption("small@1");
  await page.getByText("The board evaluates it by itself").waitFor();
  await page.getByText(/It takes about [\d,]+ forward passes/).waitFor();
  expect(await go(page).innerText()).toBe("Upload and evaluate");
  await go(page).click();
  await heading(page, /^Evaluating adamw-d32-s1-step-9000 with small@1$/);
  // It goes on while one looks elsewhere.
  await pages.getByRole("link", { name: "About" }).click();
  await heading(page, /^About$/);
  await pages.getByRole("link", { name: "Submit" }).click();
  await heading(page, /is on the board$/);
  await page.getByText("Fisher trace", { exact: true }).first().waitFor();
  await page.getByRole("link", { name: "Its row on the board" }).click();
  const row = page.locator("tr.selected th a");
  await row.waitFor();
  expect(await row.textContent()).toBe(NAME);

  const { rows } = await getBoard(site.server.connection, "small");
  expect(rows).toMatchObject([{ name: NAME, family: "d32", step: 9000, origin: "edge" }]);
  const checkpoint = await getCheckpoint(site.server.connection, rows[0]!.checkpoint);
  expect(checkpoint).toMatchObject({ visibility: "private", card: { notes: "From a browser." } });
  expect(failures(errors)).toEqual([]);
});

test("the same model once more: nothing is computed again, and its card is not changed unasked", async () => {
  const { page } = await site.open("/submit");
  await giveToken(page);
  await choose(page, named(`${NAME}.onnx`, zoo.model));
  await field(page, "Name").fill("Another name");
  await suites(page).selectOption("small@1");
  await inspected(page);
  await go(page).click();
  await page.getByText("had evaluated this very model with small@1 before").waitFor();
  const card = async () => {
    const { rows } = await getBoard(site.server.connection, "small");
    const found = await getCheckpoint(site.server.connection, rows[0]!.checkpoint);
    return found.card;
  };
  expect(await card()).toMatchObject({ name: NAME });
  await page.getByRole("button", { name: "Change that to what you gave now" }).click();
  await page.getByText("It keeps the card it had").waitFor({ state: "detached" });
  expect(await card()).toMatchObject({ name: "Another name" });
  await page.getByRole("button", { name: "Submit another" }).click();
  expect(await field(page, "Name").inputValue()).toBe("");
  expect(await page.locator(".inspection").count()).toBe(0);
});

describe("when something is wrong", () => {
  test("wrong files are told, each in words, and nothing typed is lost", async () => {
    const { page, errors } = await site.open("/submit");
    await giveToken(page);
    await field(page, "Name").fill("Mine");
    await choose(page, named("weights.safetensors", new Uint8Array(9)));
    await page.getByText("weights.safetensors is no .onnx file. Export it").waitFor();
    await choose(page, named("noise.onnx", new TextEncoder().encode("This is no model. ".repeat(50))));
    await page.getByText("noise.onnx cannot be used.").waitFor();
    await page.getByText("This file cannot be evaluated; choose another one.").waitFor();
    expect(await go(page).isDisabled()).toBe(true);
    await choose(page, named("cut.onnx", zoo.model.subarray(0, 60_000)));
    await page.getByText("cut.onnx cannot be used.").waitFor();
    await choose(page, named("empty.onnx", new Uint8Array(0)));
    await page.getByText("The file is empty.").waitFor();
    await choose(page, toy(7), named("toy.card.json", new TextEncoder().encode("{")));
    await page.getByText("toy.card.json is not JSON, and is left out").waitFor();
    await inspected(page);
    expect(await field(page, "Name").inputValue()).toBe("Mine");
    expect(await field(page, "Run").inputValue()).toBe("toy-7");
    await field(page, "Step").fill("many");
    await page.getByText("A whole number is expected").waitFor();
    expect(await go(page).isDisabled()).toBe(true);
    await suites(page).selectOption("small@1");
    await field(page, "Step").fill("7");
    // A model of eleven tokens cannot be asked about twelve words.
    await page.getByText("Choose another suite, or upload it alone.").waitFor();
    expect(await go(page).isDisabled()).toBe(true);
    await page.reload();
    expect(await field(page, "Name").inputValue()).toBe("Mine");
    expect(await field(page, "Step").inputValue()).toBe("7");
    expect(failures(errors)).toEqual([]);
  });

  test("tokens that are wrong, expired or not enough: another one, and on it goes", async () => {
    const { connection } = site.server;
    const issue = (more: object) => requestJson(connection, issuedTokenSchema, "tokens", { json: more });
    const expiresAt = new Date(Date.now() + 2000).toISOString();
    const expiring = await issue({ label: "short", scopes: ["submit"], expiresAt });
    const evaluating = await issue({ label: "other", scopes: ["evaluate"] });
    const good = await issue({ label: "good", scopes: ["submit"] });
    const { page } = await site.open("/submit");
    await giveToken(page, "two words");
    await page.getByText("A token is a single word").first().waitFor();
    await choose(page, toy(3));
    await inspected(page);
    await field(page, "Notes").fill("Kept.");
    await page.getByLabel("evaluate it with").uncheck();
    for (const token of ["x".repeat(43), evaluating.token, expiring.token]) {
      if (token === expiring.token) {
        await page.waitForTimeout(Math.max(0, Date.parse(expiresAt) + 1000 - Date.now()));
      }
      await giveToken(page, token);
      expect(await page.getByRole("alert").count()).toBe(0);
      await go(page).click();
      await page.getByText("Not with this token.").waitFor();
      expect(await field(page, "Notes").inputValue()).toBe("Kept.");
    }
    expect(await page.getByRole("alert").innerText()).toMatch(/expired/);
    await giveToken(page, good.token);
    await go(page).click();
    await heading(page, /^toy-3-step-3 is there$/);
    const link = page.getByRole("link", { name: "Its page" });
    const id = new URL((await link.getAttribute("href"))!, site.address).pathname.split("/").at(-1)!;
    expect(await getCheckpoint(connection, id)).toMatchObject({ card: { run: "toy-3", notes: "Kept." } });
  });

  test("a token that ends between upload and evaluation: the upload counts, and another token goes on", async () => {
    const { connection, token } = site.server;
    const json = { label: "revoked", scopes: ["submit"] };
    const issued = await requestJson(connection, issuedTokenSchema, "tokens", { json });
    const { page } = await site.open("/submit");
    await page.route(/\/api\/v1\/evaluations\?/, async (route) => {
      await request(connection, `tokens/${issued.id}`, { method: "DELETE" });
      await route.continue();
    });
    await giveToken(page, issued.token);
    await choose(page, toy(1));
    await suites(page).selectOption("toy-1@1");
    await inspected(page);
    await go(page).click();
    await heading(page, /^toy-1-step-1 is there, but not evaluated$/);
    await page.getByText("Not with this token").first().waitFor();
    await page.unrouteAll();
    const again = page.getByRole("button", { name: "Ask for its evaluation again" });
    await again.click();
    await giveToken(page, token);
    await again.click();
    await heading(page, /^toy-1-step-1 is on the board$/);
  });

  test("an evaluation that fails says why, and can be tried again", async () => {
    const { page } = await site.open("/submit");
    await giveToken(page);
    // Its table has words enough for the suite; that it gives logits of eleven alone shows when it runs.
    await choose(page, named("short.onnx", largeToy(20_000)));
    await suites(page).selectOption("small@1");
    await inspected(page);
    await go(page).click();
    await heading(page, /^The evaluation of short failed$/);
    expect(await page.getByRole("alert").innerText()).toMatch(
      /It failed while .*The corpus holds token 13, but the model knows tokens 0 to 10/s,
    );
    await page.getByRole("button", { name: "Try again" }).click();
    await heading(page, /^Evaluating short/);
    await heading(page, /^The evaluation of short failed$/);
  });

  test.runIf(thorough)(
    "an upload whose network goes, whose page is closed, and that goes on where it was",
    async () => {
      const model = named("large.onnx", largeToy(PART_BYTES + 4_000_000));
      const parts: number[] = [];
      const { page: first } = await site.open("/submit");
      const context: BrowserContext = first.context();
      const partOf = (url: string) => Number(/\/parts\/(\d+)$/.exec(url)?.[1]);
      let goThrough: readonly number[] = [];
      await context.route(/\/parts\/\d+$/, async (route) => {
        const number = partOf(route.request().url());
        if (!goThrough.includes(number)) return route.abort("internetdisconnected");
        parts.push(number);
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await route.continue();
      });
      await giveToken(first);
      await choose(first, model);
      await first.locator(".inspection code").waitFor();
      await field(first, "Notes").fill("Long thoughts.");
      await first.getByLabel("evaluate it with").uncheck();
      await go(first).click();
      await first.getByText("The board does not answer at the moment.").waitFor();
      goThrough = [1];
      // By itself.
      await first.getByText("16.8 MB of 20.8 MB").waitFor({ timeout: 90_000 });
      await first.getByText("The board does not answer at the moment.").waitFor();
      await first.getByRole("button", { name: "Stop" }).click();
      await first.getByText("16.8 MB of 20.8 MB are there.").waitFor();
      await first.close();

      const second = await context.newPage();
      await second.goto(`${site.address}/submit`);
      await second.getByText("The upload of large.onnx (20.8 MB) did not come to its end.").waitFor();
      expect(await field(second, "Notes").inputValue()).toBe("Long thoughts.");
      await giveToken(second);
      await choose(second, model);
      await second.locator(".inspection code").waitFor();
      goThrough = [2];
      await go(second).click();
      await second.getByText("16.8 MB of them from before").waitFor();
      await heading(second, /^large is there$/);
      expect(parts).toEqual([1, 2]);
      // What was sent is not asked for again.
      await second.reload();
      await second.getByText("You submitted large").waitFor();
      expect(await field(second, "Notes").inputValue()).toBe("");
    },
  );

  test("a server that goes away while it evaluates, and comes back", async () => {
    const { page } = await site.open("/submit");
    await giveToken(page);
    const other = zooMaterial("adamw-d32-s2-step-12000");
    await choose(page, named(other.file, other.model));
    await suites(page).selectOption("small@1");
    await inspected(page);
    await go(page).click();
    await heading(page, /^Evaluating adamw-d32-s2-step-12000/);
    await site.server.kill();
    await page.getByText("The board does not answer at the moment. The evaluation goes on there").waitFor();
    const { storage, address } = site.server;
    await startServer({ storage, args: ["--port", new URL(address).port] });
    await heading(page, /^adamw-d32-s2-step-12000 is on the board$/);
  });
});

test("the page about it all: contents, formulas, links to its parts, the API", async () => {
  const { page, errors } = await site.open("/about");
  await page.getByRole("navigation", { name: "On this page" }).getByRole("link", { name: "Errors" }).click();
  const y = async (id: string) => (await page.locator(`#${id}`).boundingBox())!.y;
  expect(await y("errors")).toBeLessThan(100);
  expect(await page.locator("math").count()).toBe(7);
  const box = (await page.locator("#hessian-trace math mfrac").first().boundingBox())!;
  expect(box.height).toBeGreaterThan(15);
  for (const id of ["cohorts", "invariance", "reversals", "declare", "origins", "privacy"]) {
    expect(await page.locator(`#${id}`).count(), id).toBe(1);
  }
  const api = await page.getByRole("link", { name: "openapi.json" }).getAttribute("href");
  expect(await (await page.request.get(site.address + api!)).json()).toMatchObject({ openapi: "3.1.0" });
  const commands = await page.getByLabel("Read", { exact: true }).innerText();
  expect(commands).toContain(`API=${site.address}/api/v1`);

  const { page: linked } = await site.open("/about#invariance");
  await expect.poll(async () => (await linked.locator("#invariance").boundingBox())?.y).toBeLessThan(400);
  expect(failures(errors)).toEqual([]);
});

test("the head leads everywhere, says where one is, and fits on a phone", async () => {
  const { page } = await site.open("/", { viewport: { width: 360, height: 740 } });
  const pages = page.getByRole("navigation", { name: "Pages" });
  const current = () => pages.locator("[aria-current]").allInnerTexts();
  for (const [name, path] of [
    ["Submit", "/submit"],
    ["Evaluate here", "/evaluate"],
    ["About", "/about"],
    ["Boards", "/"],
  ] as const) {
    await pages.getByRole("link", { name }).click();
    expect(new URL(page.url()).pathname).toBe(path);
    await page.locator("h1").waitFor();
    expect(await current()).toEqual([name]);
    expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBeLessThanOrEqual(360);
  }
  const { page: board } = await site.open("/boards/small@1");
  await board.locator("h1").waitFor();
  expect(await board.locator("nav [aria-current=true]").allInnerTexts()).toEqual(["Boards"]);
  await board.keyboard.press("Tab");
  expect(await board.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
});

describe.each(["light", "dark"] as const)("axe, %s", (colorScheme) => {
  // Each theme at one width: colours and layout are judged apart.
  test.each(colorScheme === "light" ? [1440] : [390])("%d pixels wide", async (width) => {
    const options = { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" as const };
    const { page: about } = await site.open("/about", options);
    await about.locator("math").first().waitFor();
    expect(await seriousFindings(about)).toEqual([]);
    const { page, errors } = await site.open("/submit", options);
    await page.locator("h1").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await giveToken(page, "wrong");
    await choose(page, toy(9), named("x.pt", new Uint8Array(1)));
    await inspected(page);
    await field(page, "Tokens").fill("x");
    expect(await seriousFindings(page)).toEqual([]);
    await field(page, "Tokens").fill("1,000");
    await page.getByLabel("evaluate it with").uncheck();
    await go(page).click();
    await page.getByText("Not with this token.").waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(failures(errors)).toEqual([]);
  });
});
