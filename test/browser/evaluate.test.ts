/** Evaluating in the browser: the real engine in Chromium, beside the real server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import { USUAL } from "../../dashboard/src/pages/evaluate/settings.ts";
import { plateau } from "../node/cli-run.ts";
import { smallSuite } from "../support/small-suite.ts";
import { begin, bringIn, finished } from "../system/evaluate.ts";
import { zooMaterial } from "../system/material.ts";
import { seriousFindings } from "./accessibility.ts";
import { openSite, type Site } from "./site.ts";
import { thorough } from "../support/thorough.ts";

const ZOO = new URL("../../models/zoo/pcfg-mini/", import.meta.url).pathname;
const MODEL = "adamw-d32-s2-step-12000";
const folder = mkdtempSync(join(tmpdir(), "plateau-evaluate-"));
const corpus = join(folder, "dev.jsonl");
let site: Site;

beforeAll(async () => {
  const lines = smallSuite().corpus.examples.map(({ inputIds, labels }) =>
    JSON.stringify({ input_ids: inputIds, labels }),
  );
  writeFileSync(corpus, `${lines.join("\n")}\n`);
  site = await openSite("none");
  const material = zooMaterial();
  const { connection } = site.server;
  await finished(connection, await begin(connection, await bringIn(connection, material), material));
}, 300_000);
afterAll(async () => {
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

const chooseModel = (page: Page, ...paths: string[]) =>
  page.locator('input[type="file"]').first().setInputFiles(paths);
const evaluate = (page: Page) => page.getByRole("button", { name: "Evaluate", exact: true });

async function chooseCorpus(page: Page, path = corpus): Promise<void> {
  await page.getByRole("radio", { name: "a corpus of my own" }).check();
  await page.locator('input[type="file"]').nth(1).setInputFiles(path);
}

/** What "Save the result as JSON" writes. */
async function savedResult(page: Page): Promise<{ result: Result; text: string; name: string }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save the result as JSON" }).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");
  return { result: resultSchema.parse(JSON.parse(text)), text, name: download.suggestedFilename() };
}

/** Names of all fields, in their order. */
function shape(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((each) => shape(each, `${path}[]`)))];
  if (value === null || typeof value !== "object") return [path];
  return Object.entries(value).flatMap(([key, field]) => shape(field, `${path}.${key}`));
}

test("the numbers and the file of the command line, with the same seed and ε", async ({ annotate }) => {
  const { page, errors } = await site.open("/evaluate");
  await chooseModel(page, `${ZOO}${MODEL}.onnx`, `${ZOO}${MODEL}.card.json`);
  // It is inspected before anything else.
  await page.getByText("26,638").waitFor();
  await page.getByText(/26,176\s+moved/).waitFor();
  await chooseCorpus(page);
  await page.getByRole("textbox", { name: "Directions for each example" }).fill("8");
  await page.getByRole("textbox", { name: "Seed" }).fill("5");
  await page.getByRole("textbox", { name: /^Pairs of example and direction/ }).fill("16");
  await page.getByRole("checkbox", { name: "Empirical Fisher trace" }).uncheck();
  await evaluate(page).click();
  await page.getByRole("progressbar", { name: "Evaluation in this browser" }).waitFor();
  await page.getByRole("heading", { name: MODEL }).waitFor({ timeout: 90_000 });
  const { result: here, text, name } = await savedResult(page);
  expect(name).toBe(`${MODEL}.result.json`);
  // Pages are isolated, so that the engine has all threads.
  expect(here.receipt.threads).toBe(
    Math.min(8, await page.evaluate<number>("navigator.hardwareConcurrency")),
  );

  const options = ["--objective", "mlm", "--directions", "8", "--seed", "5", "--batch", "16"];
  const measures = Object.keys(here.measures);
  expect(measures).toEqual(["loss", "fisher-trace", "hessian-trace"]);
  const { stdout, stderr, code } = await plateau(
    [
      ...["evaluate", `${MODEL}.onnx`, "--corpus", corpus, ...options, "--measures", measures.join()],
      ...["--epsilon", String(here.receipt.epsilon["rank-one"]), "--device", "cpu", "--json", "-"],
    ],
    { cwd: ZOO },
  );
  expect(code, stderr).toBe(0);
  const there = resultSchema.parse(JSON.parse(stdout));
  const differences = Object.fromEntries(
    measures.map((id) => [id, Math.abs(here.measures[id]!.value! / there.measures[id]!.value! - 1)]),
  );
  await annotate(`relative differences between browser and command line: ${JSON.stringify(differences)}`);
  expect(differences["loss"]).toBeLessThan(1e-5);
  expect(differences["fisher-trace"]).toBeLessThan(1e-4);
  expect(differences["hessian-trace"]).toBeLessThan(3e-3);

  // The same file, but for what was computed elsewhere.
  const raw: unknown = JSON.parse(text);
  expect(shape(raw)).toEqual(shape(JSON.parse(stdout)));
  expect(text).toBe(`${JSON.stringify(raw, null, 2)}\n`);
  expect(here.checkpoint).toEqual(there.checkpoint);
  expect(here.corpus).toEqual(there.corpus);
  const { model, directions, seed, batch, epsilon } = there.receipt;
  expect(here.receipt).toMatchObject({ model, directions, seed, batch, epsilon });
  expect(errors).toEqual([]);
});

test("a suite of the board: cancelled, begun again, and laid over the board for this browser alone", async () => {
  const { page, errors } = await site.open("/evaluate");
  await chooseModel(page, `${ZOO}${MODEL}.onnx`, `${ZOO}${MODEL}.card.json`);
  await page.getByText(/It takes about .* forward passes/).waitFor();
  await evaluate(page).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await evaluate(page).click();
  // It goes on while another page is looked at.
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Boards" }).click();
  await page.getByRole("heading", { level: 1, name: /Judged/ }).waitFor();
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Evaluate here" }).click();
  await page.getByRole("button", { name: "Lay it over the public board" }).click({ timeout: 90_000 });
  await page.getByText("kept in this browser, and nowhere else").waitFor();
  await page.getByRole("link", { name: "See it over the board" }).click();

  const row = page.getByRole("row", { name: new RegExp(`^Take ${MODEL} off this board`) });
  await row.waitFor();
  await page.goBack();
  const { result } = await savedResult(page);
  await page.goForward();
  await row.waitFor();
  const fisher = result.measures["fisher-trace"]!.value!;
  const cells = await row.getByRole("cell").allInnerTexts();
  expect(cells.some((cell) => Math.abs(parseFloat(cell) / fisher - 1) < 0.1)).toBe(true);
  await page.getByText("1 result of your own").waitFor();
  await page.getByRole("group", { name: /^Plot of .*, and 1 of your own/ }).waitFor();
  // The board itself has no more rows for it.
  expect(await page.locator(".tools > .count").innerText()).toBe("1");

  // Kept in this browser, and in no other.
  await page.reload();
  await row.waitFor();
  const { page: other } = await site.open(new URL(page.url()).pathname);
  await other.locator("tbody tr[data-index='0']").waitFor();
  expect(await other.getByText("of your own").count()).toBe(0);
  // It is no part of the link, and is taken off again.
  await page.getByRole("button", { name: `Take ${MODEL} off this board` }).click();
  await row.waitFor({ state: "detached" });
  await page.reload();
  await page.locator("tbody tr[data-index='0']").waitFor();
  expect(await row.count()).toBe(0);
  expect(errors).toEqual([]);
});

describe("when something is wrong", () => {
  test("files that are no models, and ones that are damaged", async () => {
    const { page, errors } = await site.open("/evaluate");
    const file = (name: string, content: Uint8Array | string) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    await chooseModel(page, file("model.safetensors", "weights"));
    await page.getByText("model.safetensors is no .onnx file. Export it").waitFor();
    expect(await evaluate(page).isDisabled()).toBe(true);
    await chooseModel(page, file("noise.onnx", "this is no model"));
    await page.getByText("noise.onnx cannot be used.").waitFor();
    await chooseModel(page, file("empty.onnx", ""));
    await page.getByText("The file is empty").waitFor();
    const whole = readFileSync(`${ZOO}${MODEL}.onnx`);
    await chooseModel(page, file("cut.onnx", whole.subarray(0, whole.length >> 1)));
    await page.getByText("cut.onnx cannot be used.").waitFor();
    await page.getByText("This file cannot be evaluated; choose another one.").waitFor();
    await chooseModel(page, `${ZOO}${MODEL}.onnx`);
    await page.getByText("26,638").waitFor();
    expect(errors).toEqual([]);
  });

  test("a corpus with a wrong line, and wrong numbers: nothing typed is lost", async () => {
    const { page, errors } = await site.open("/evaluate");
    await chooseModel(page, `${ZOO}${MODEL}.onnx`);
    const wrong = join(folder, "wrong.jsonl");
    writeFileSync(wrong, `${readFileSync(corpus, "utf8").split("\n")[0]}\n{"input_ids":[1,"two"]}\n`);
    await chooseCorpus(page, wrong);
    const directions = page.getByRole("textbox", { name: "Directions for each example" });
    await directions.fill("none");
    await page.getByText("The number of directions is a whole number from 1 to 1024.").first().waitFor();
    expect(await evaluate(page).isDisabled()).toBe(true);
    await directions.fill("3");
    await evaluate(page).click();
    await page.getByRole("heading", { name: `${MODEL}.onnx was not evaluated` }).waitFor();
    await page.getByText("wrong.jsonl, line 2").waitFor();
    await page.getByRole("button", { name: "Change something" }).click();
    expect(await directions.inputValue()).toBe("3");
    await page.getByText("wrong.jsonl,").waitFor();
    await page.getByText("26,638").waitFor();
    // Files are the only thing that the browser does not give back.
    await page.reload();
    await page.getByRole("radio", { name: "a corpus of my own" }).waitFor();
    expect(await page.getByRole("radio", { name: "a corpus of my own" }).isChecked()).toBe(true);
    expect(await directions.inputValue()).toBe("3");
    expect(errors).toEqual([]);
  });

  test("a suite that vanished, and a board that goes away: words, and a way on", async () => {
    const { page, errors } = await site.open("/evaluate");
    const kept = JSON.stringify({ ...USUAL, suite: "gone@7" });
    await page.evaluate(`sessionStorage.setItem("plateau-evaluate", ${JSON.stringify(kept)})`);
    await page.reload();
    await page.getByText("This board does not have gone@7 any more").waitFor();
    await chooseModel(page, `${ZOO}${MODEL}.onnx`);
    await page.getByText("Choose a suite.", { exact: true }).waitFor();

    await page.context().route("**/api/**", (route) => route.abort());
    await page.getByRole("combobox", { name: "Suite" }).selectOption("small@1");
    await page.getByText("26,638").waitFor();
    await evaluate(page).click();
    await page.getByText("The board does not answer").waitFor();
    await page.context().unroute("**/api/**");

    await page.context().route("**/*.wasm", (route) => route.abort());
    await evaluate(page).click();
    await page.getByText("The engine could not be loaded").waitFor();
    await page.context().unroute("**/*.wasm");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("progressbar", { name: "Evaluation in this browser" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    // ONNX Runtime says what it could not fetch.
    expect(errors.filter((error) => !/wasm|ArrayBuffer/.test(error))).toEqual([]);
  });

  // Chromium runs without a GPU here.
  test.runIf(thorough)("WebGPU that is not there: words, and the processor in its place", async () => {
    const { page, errors } = await site.open("/evaluate");
    await chooseModel(page, `${ZOO}${MODEL}.onnx`);
    await chooseCorpus(page);
    await page.getByRole("textbox", { name: "Directions for each example" }).fill("1");
    await page.getByRole("radio", { name: "Graphics card (WebGPU)" }).check();
    await evaluate(page).click();
    await page.getByText("WebGPU cannot be used here: the browser finds no adapter.").waitFor();
    await page.getByRole("button", { name: "Evaluate on the processor" }).click();
    const save = page.getByRole("button", { name: "Save the result as JSON" });
    await save.waitFor({ timeout: 90_000 });
    expect((await savedResult(page)).result.receipt.device).toBe("wasm");
    expect(errors).toEqual([]);
  });

  test.runIf(thorough)("without a board, a corpus of one's own is evaluated all the same", async () => {
    const { page } = await site.open("/evaluate");
    await page.context().route("**/api/**", (route) => route.abort());
    await page.reload();
    await page.getByText("A corpus of your own needs no board").waitFor();
    await chooseModel(page, `${ZOO}${MODEL}.onnx`);
    await chooseCorpus(page);
    await page.getByRole("textbox", { name: "Directions for each example" }).fill("1");
    await evaluate(page).click();
    await page.getByRole("button", { name: "Save the result as JSON" }).waitFor({ timeout: 90_000 });
  });
});

describe.each(["light", "dark"] as const)("axe, %s", (colorScheme) => {
  // Each theme at one width: colours and layout are judged apart.
  test.each(colorScheme === "light" ? [1440] : [390])("%d pixels wide", async (width) => {
    const options = { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" as const };
    const { page, errors } = await site.open("/evaluate", options);
    await page.getByRole("combobox", { name: "Suite" }).waitFor();
    expect(await seriousFindings(page), "empty").toEqual([]);
    await chooseModel(page, `${ZOO}${MODEL}.onnx`);
    await page.getByText(/26,176\s+moved/).waitFor();
    await chooseCorpus(page);
    await page.getByRole("textbox", { name: "Seed" }).fill("x");
    expect(await seriousFindings(page), "chosen").toEqual([]);
    await page.getByRole("textbox", { name: "Seed" }).fill("1");
    await page.getByRole("radio", { name: "a suite of this board" }).check();
    await page.getByText(/It takes about/).waitFor();
    await evaluate(page).click();
    await page.getByRole("progressbar", { name: "Evaluation in this browser" }).waitFor();
    expect(await seriousFindings(page), "running").toEqual([]);
    await page.getByRole("button", { name: "Lay it over the public board" }).click({ timeout: 90_000 });
    expect(await seriousFindings(page), "finished").toEqual([]);
    await page.getByRole("link", { name: "See it over the board" }).click();
    await page.getByText("1 result of your own").waitFor();
    await page.locator("section[aria-label=Correlation]").waitFor();
    expect(await seriousFindings(page), "laid over the board").toEqual([]);
    expect(errors).toEqual([]);
  });
});
