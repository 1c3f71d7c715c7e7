/** The page of a checkpoint in Chromium, against the real server. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Checkpoint } from "../../shared/api/checkpoints.ts";
import { importRecords } from "../../shared/api/client/archive.ts";
import { getResult } from "../../shared/api/client/checkpoints.ts";
import { request, requestJson } from "../../shared/api/client/connection.ts";
import { startEvaluation } from "../../shared/api/client/evaluations.ts";
import { getBoardColumns, publishSuite } from "../../shared/api/client/suites.ts";
import { issuedTokenSchema } from "../../shared/api/tokens.ts";
import { measured } from "../../shared/numbers.ts";
import { entry, plateau } from "../node/cli-run.ts";
import { bringIn, hasEnded, until } from "../system/evaluate.ts";
import { tinySuite, toyMaterial } from "../system/material.ts";
import { seriousFindings } from "./accessibility.ts";
import { openSite, type Site } from "./site.ts";
import { thorough } from "../support/thorough.ts";

const SUITE = "pcfg-mini@1";
const folder = mkdtempSync(join(tmpdir(), "plateau-pages-"));
let site: Site;
/** Of the zoo, by name. */
let zoo: ReadonlyMap<string, string>;
/** Uploaded, and nothing measured of it yet. */
let toy: Checkpoint;
/** Id of one whose result has its traces split by tensor. */
let split: string;

beforeAll(async () => {
  site = await openSite();
  const { connection } = site.server;
  const { columns } = await getBoardColumns(connection, SUITE);
  zoo = new Map(columns.name.map((name, row) => [name, columns.checkpoint[row]!]));
  toy = await bringIn(connection, toyMaterial(1));
  split = await importSplit();
}, 300_000);
afterAll(async () => {
  await site?.close();
  rmSync(folder, { recursive: true });
});

/** Evaluates a toy on this machine, tensor by tensor, and brings the result in. */
async function importSplit(): Promise<string> {
  const { connection } = site.server;
  const { suite, model } = toyMaterial(2);
  const [file, suiteFile, out] = ["split.onnx", "split.json", "result.json"].map((name) =>
    join(folder, name),
  );
  writeFileSync(file!, model);
  writeFileSync(suiteFile!, suite.text);
  writeFileSync(join(folder, "split.card.json"), JSON.stringify({ name: "split toy", notes: "1 layer" }));
  const outcome = await plateau(["evaluate", file!, "--suite", suiteFile!, "--per-layer", "--json", out!]);
  expect(outcome.code, outcome.stderr).toBe(0);
  await publishSuite(connection, suite.text);
  const result: unknown = JSON.parse(readFileSync(out!, "utf8"));
  const { results } = await importRecords(connection, [JSON.stringify({ kind: "result", result })]);
  return results[0]!.checkpoint;
}

const region = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
const typeToken = async (page: Page, token: string) => page.getByLabel("Token", { exact: true }).fill(token);

test("from a row of the board to all that is known of the checkpoint", async () => {
  const name = "adamw-d48-s1-step-7000";
  const { page, errors } = await site.open(`/boards/${SUITE}?window=off&name=${name}`);
  await page.locator("tbody th a", { hasText: name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  const result = await getResult(site.server.connection, zoo.get(name)!, SUITE);

  const measures = region(page, "Loss and flatness");
  await measures.waitFor();
  for (const measure of Object.values(result.measures)) {
    if (measure.value === null) continue;
    const [value, error] = measured(measure.value, measure.standardError);
    await measures.getByText(`${value} ± ${error}`, { exact: true }).waitFor();
  }
  await measures.getByRole("button", { name: "committed" }).focus();
  await measures.getByRole("tooltip", { name: /came with the board’s own source/ }).waitFor();

  expect(await region(page, "Card").innerText()).toMatch(/optimiser\s+AdamW/);
  const covered = (await region(page, "What the traces are about").locator("li b").allInnerTexts()).map(
    (text) => Number(text.replaceAll(",", "")),
  );
  expect(covered.reduce((sum, count) => sum + count)).toBe(result.checkpoint.parameters);

  const probes = region(page, "Transfer: probes on frozen features");
  const curve = probes.locator("figure").first();
  await curve.getByText("As a table").click();
  const rows = await curve.getByRole("row").allInnerTexts();
  for (const expected of [/^emb\./, /^0/, /^1/, /^chance/, /^one-hot words/, /^random weights/]) {
    expect(
      rows.some((row) => expected.test(row)),
      `${expected} of ${rows.join(" | ")}`,
    ).toBe(true);
  }

  const steps = page.getByRole("navigation", { name: "Steps of the run" });
  expect(await steps.getByRole("link").allInnerTexts()).toEqual(["6,000", "7,000", "8,000"]);
  expect(await steps.locator("[aria-current=page]").innerText()).toBe("7,000");
  await steps.getByRole("link", { name: "8,000" }).click();
  await page.getByRole("heading", { level: 1, name: "adamw-d48-s1-step-8000" }).waitFor();
  expect(errors).toEqual([]);
});

test.runIf(thorough)("its commands replay the result", async () => {
  const { page } = await site.open(`/checkpoints/${zoo.get("adamw-d32-s1-step-9000")!}`);
  const commands = await page.getByLabel("Commands that replay this result").innerText();
  const path = join(folder, "replay.sh");
  // Where there is no package npx would look for one elsewhere.
  writeFileSync(path, `set -e\nnpx() { shift; "${process.execPath}" "${entry}" "$@"; }\n${commands}\n`);
  const { stdout } = await promisify(execFile)("sh", [path], { cwd: folder });
  expect(stdout).toContain("All numbers agree.");
});

test("what its file tells is looked at in the browser", async () => {
  const { page, errors } = await site.open(`/checkpoints/${zoo.get("adamw-d48-s1-step-7000")!}`);
  await page.getByRole("button", { name: /^Look into the weights/ }).click();
  const architecture = region(page, "Architecture");
  await architecture.getByText(/; 2 layers/).waitFor();
  await architecture.getByText("moved", { exact: true }).waitFor();
  expect(errors).toEqual([]);
});

test("curvature by layer and kind of weight, with all values in reach of the keyboard", async () => {
  const { page, errors } = await site.open(`/checkpoints/${split}`);
  const heat = region(page, "Where the curvature is");
  const table = heat.getByRole("group", { name: "Fisher trace by layer and kind of weight" });
  const result = await getResult(site.server.connection, split, "toy-2@1");
  const trace = result.measures["fisher-trace"]!;
  const tensors = trace.value === null ? [] : trace.perTensor!;
  const before = tensors.filter(({ kind }) => kind === "embedding");
  const [value] = measured(
    before.reduce((sum, each) => sum + each.value, 0),
    Math.hypot(...before.map(({ directionError }) => directionError!)),
  );
  const cell = table
    .getByRole("row", { name: /^before the layers/ })
    .getByRole("cell")
    .first();
  expect(await cell.innerText()).toMatch(new RegExp(`^${value}\\s+± `));

  await heat.getByRole("combobox", { name: "Trace" }).selectOption({ label: "Hessian trace" });
  await heat.getByRole("group", { name: "Hessian trace by layer and kind of weight" }).waitFor();
  await heat.getByRole("combobox", { name: "Shown" }).selectOption("per parameter");
  expect(await heat.locator("td.cell").first().innerText()).toMatch(/e[+-]\d/);

  await heat.getByText("Tensor by tensor").focus();
  await page.keyboard.press("Enter");
  const list = heat.getByRole("group", { name: "Hessian trace by tensor" });
  expect(await list.getByRole("row").count()).toBe(1 + tensors.length);
  await list.focus();
  expect(await region(page, "Loss and flatness").innerText()).toContain("imported");
  expect(errors).toEqual([]);
});

test("an evaluation is asked for, followed, and its result appears by itself", async () => {
  const { page, errors } = await site.open(`/checkpoints/${toy.id}`);
  await page.getByRole("heading", { name: "Nothing was measured of it yet" }).waitFor();
  await page.getByText("Evaluate it with a suite").click();
  await page.getByRole("combobox", { name: "Suite" }).selectOption("toy-1@1");
  const evaluate = page.getByRole("button", { name: "Evaluate", exact: true });
  await evaluate.click();
  await typeToken(page, "plateau_nobody");
  await evaluate.click();
  await page.getByText("Not with this token.").waitFor();
  await typeToken(page, site.server.token);
  await evaluate.click();
  await page.getByRole("progressbar", { name: "Evaluation" }).waitFor();
  await page.getByRole("heading", { name: "It is being evaluated" }).waitFor();

  const measures = region(page, "Loss and flatness");
  await measures.waitFor({ timeout: 90_000 });
  await measures.getByRole("button", { name: "edge" }).waitFor();
  const history = region(page, "Evaluations");
  await history.getByText("Log").click();
  expect(await history.locator("ol ol li").count()).toBe(3);
  await history.getByText("Receipt").click();
  const receipt = await history.getByLabel(/^Receipt of the evaluation/).innerText();
  expect(JSON.parse(receipt)).toMatchObject({ seed: 3, receipt: { model: { sha256: toy.sha256 } } });
  expect(await page.getByLabel("Commands that replay this result").innerText()).toContain(
    "which its owner has",
  );
  expect(errors).toEqual([]);
});

test("one that failed says at what and why, and is tried again", async () => {
  const { connection, token } = site.server;
  // The toy knows 11 tokens.
  const { id } = await startEvaluation(connection, { checkpoint: toy.id, suite: SUITE });
  await until(connection, id, hasEnded);
  const { page, errors } = await site.open(`/checkpoints/${toy.id}`);
  const history = region(page, "Evaluations");
  await history.getByText(/^It failed while inspecting the model/).waitFor();
  await history.getByText(/11 tokens/).waitFor();
  await history.getByRole("button", { name: "Try again" }).click();
  await typeToken(page, token);
  await history.getByRole("button", { name: "Try again" }).click();
  await until(connection, id, (evaluation) => evaluation.attempt === 2 && hasEnded(evaluation));
  await history.getByText(/^It failed while inspecting the model/).waitFor();
  await history.locator("li", { hasText: SUITE }).first().getByText("Log").click();
  await history.getByText(/at attempt 2/).waitFor();
  expect(errors).toEqual([]);
});

test("of a result that lent workers computed it is told who did, and who checked", async () => {
  const { connection, address } = site.server;
  const material = { ...toyMaterial(4), suite: tinySuite() };
  const { id } = await bringIn(connection, material);
  const { page, errors } = await site.open(`/checkpoints/${id}`);
  const { id: evaluation } = await startEvaluation(connection, {
    ...{ checkpoint: id, suite: material.suite.id, workers: "lent" },
  });
  const { token } = await requestJson(connection, issuedTokenSchema, "tokens", {
    json: { label: "Ada’s machine", scopes: ["work"] },
  });
  const tokenFile = join(folder, "work-token");
  writeFileSync(tokenFile, token);
  const lending = plateau([
    ...["worker", "--server", address, "--token-file", tokenFile, "--idle-exit", "5s"],
    ...["--cache", join(folder, "cache")],
  ]);
  await until(connection, evaluation, hasEnded);
  await lending;
  const audit = region(page, "Who computed it, and who checked");
  await page.reload();
  await audit.getByText(/^Lent workers computed it/).waitFor();
  expect(await audit.getByRole("group", { name: "Workers" }).innerText()).toMatch(/Ada’s machine.*good$/s);
  // The edge runs again what was drawn.
  await audit.getByText(/had them run again by others: all agree/).waitFor({ timeout: 60_000 });
  await region(page, "Loss and flatness").getByRole("button", { name: "replicated" }).waitFor();
  await audit.getByText("Shards that were drawn to be run again").click();
  expect(await audit.getByRole("group", { name: "Replays" }).innerText()).toMatch(
    /prepare\s+agrees\s+Ada’s machine\s+the edge/,
  );
  expect(await seriousFindings(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("what an admin took off the board says so, with the reason", async () => {
  const name = "sgd-d48-s1-step-16000";
  const row = `boards/${SUITE}/rows/${zoo.get(name)!}`;
  await request(site.server.connection, `${row}/hide`, { json: { reason: "trained on the suite" } });
  const { page } = await site.open(`/checkpoints/${zoo.get(name)!}`);
  await page.getByText(/An admin took it off the board on .*: trained on the suite/).waitFor();
  expect(await page.getByRole("link", { name: "On the board" }).count()).toBe(0);
  await request(site.server.connection, `${row}/show`, { method: "POST" });
});

describe("when something is wrong", () => {
  test("a checkpoint that is gone, and an address that is none", async () => {
    const { page } = await site.open(`/checkpoints/${"a".repeat(16)}`);
    await page.getByRole("heading", { level: 1, name: "This checkpoint is not on the board" }).waitFor();
    const { page: other } = await site.open("/checkpoints/..%2F<b>");
    await other.getByRole("heading", { level: 1, name: "There is no such checkpoint" }).waitFor();
    await other.getByRole("link", { name: "All boards" }).click();
    await other.getByRole("link", { name: /PCFG mini/ }).waitFor();
  });

  test("a suite that it has no result with", async () => {
    const { page, errors } = await site.open(`/checkpoints/${split}?suite=<b>`);
    await page.getByText("It has no result with “<b>”. What you see is of toy-2@1.").waitFor();
    await region(page, "Loss and flatness").waitFor();
    expect(errors).toEqual([]);
  });

  test("a board that goes away meanwhile", async () => {
    const { page } = await site.open("/");
    await page.getByRole("link", { name: /PCFG mini/ }).waitFor();
    await page.route("**/api/v1/checkpoints/*/results/**", (route) => route.abort());
    await page.goto(`${site.address}/checkpoints/${split}`);
    await page.getByRole("heading", { name: "The board does not answer" }).waitFor();
    await page.unroute("**/api/v1/checkpoints/*/results/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await region(page, "Loss and flatness").waitFor();
  });
});

describe.each(["light", "dark"] as const)("axe, %s", (colorScheme) => {
  // Each theme at one width: colours and layout are judged apart.
  test.each(colorScheme === "light" ? [1440] : [390])("%d pixels wide", async (width) => {
    const options = { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" as const };
    const zooPage = `/checkpoints/${zoo.get("adamw-d48-s1-step-7000")!}`;
    for (const path of [zooPage, `/checkpoints/${split}`, `/checkpoints/${toy.id}`, "/checkpoints/x"]) {
      const { page, errors } = await site.open(path, options);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      for (const name of ["As a table", "Tensor by tensor", "Log"]) {
        const summary = page.locator("summary", { hasText: name }).first();
        if (await summary.count()) await summary.click();
      }
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
