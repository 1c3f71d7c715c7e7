import { expect, test } from "vitest";
import {
  importReportSchema,
  type ArchiveRecord,
  type ImportReport,
  type WrittenRecord,
} from "../../../shared/api/archive.ts";
import { boardListSchema, boardPageSchema } from "../../../shared/api/boards.ts";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { buildLanguageSuite, PCFG_MINI } from "../../../shared/suites/language-suites.ts";
import { formatSuite } from "../../../shared/suites/suite-file.ts";
import { recomputeStaleTiers } from "../boards/tiers/recompute.ts";
import { bindings } from "../testing/bindings.ts";
import { groupedSuite, resultOf } from "../testing/grouped-suite.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { suiteText, syntheticResult } from "../testing/small-suite.ts";
import { JSON_LINES, MOST_RECORDS } from "./read-records.ts";

const ZOO = import.meta.glob<string>("../../../models/zoo/pcfg-mini/results/*.json", {
  query: "?raw",
  import: "default",
});

const send = (path: string, body: BodyInit, type = "application/json") =>
  api(path, { method: "POST", token: owner, body, headers: { "Content-Type": type } });
const bringIn = async (value: unknown, query = ""): Promise<ImportReport> => {
  const response = await send(`import${query}`, JSON.stringify(value));
  expect(response.status, await response.clone().text()).toBe(200);
  return importReportSchema.parse(await response.json());
};
const publish = async (text: string) => expect((await send("suites", text)).status).toBe(201);
const rows = async (board: string) => boardPageSchema.parse(await (await api(`boards/${board}`)).json()).rows;

test("takes in what `plateau evaluate --suite` wrote, and gives it back whole", async () => {
  const [load] = Object.values(ZOO);
  const text = await load!();
  await publish(formatSuite(buildLanguageSuite(PCFG_MINI)));
  const response = await send("import", text);
  expect(response.status, await response.clone().text()).toBe(200);
  const report = importReportSchema.parse(await response.json());
  const result = resultSchema.parse(JSON.parse(text));
  expect(report.results).toMatchObject([
    { suite: "pcfg-mini@1", sha256: result.checkpoint.sha256, outcome: "added" },
  ]);
  const id = report.results[0]!.checkpoint;
  const [row] = await rows("pcfg-mini");
  expect(row).toMatchObject({ checkpoint: id, name: result.checkpoint.card!.name, origin: "imported" });
  for (const [measure, { value }] of Object.entries(result.measures)) {
    expect(row!.measures[measure]!.value).toBe(value);
  }
  for (const [task, found] of Object.entries({ ...result.probes, ...result.zeroShot })) {
    expect(row!.tasks[task]!.value).toBe(found.accuracy!.value);
  }
  const whole = await api(`checkpoints/${id}/results/pcfg-mini`);
  const etag = whole.headers.get("ETag")!;
  expect(await whole.json()).toEqual(result);
  const cached = await api(`checkpoints/${id}/results/pcfg-mini@1`, { headers: { "If-None-Match": etag } });
  expect(cached.status).toBe(304);
  const checkpoint = checkpointSchema.parse(await (await api(`checkpoints/${id}`)).json());
  expect(checkpoint.card).toEqual(result.checkpoint.card);
  expect(checkpoint.visibility).toBe("private");
  expect(checkpoint.results.map(({ suite }) => suite)).toEqual(["pcfg-mini@1"]);
});

test("importing again changes nothing; another result of the same model takes the place only when told to", async () => {
  await publish(suiteText("again@1"));
  const suite = suiteText("again@1");
  const first = await syntheticResult({ suite, model: 1, name: "one", loss: 1 });
  const second = await syntheticResult({ suite, model: 2, name: "two", loss: 2 });
  const added = await bringIn([first, second]);
  expect(added.results.map(({ outcome }) => outcome)).toEqual(["added", "added"]);
  const before = await rows("again");
  const etag = (await api("boards/again/columns")).headers.get("ETag");
  const repeated = await bringIn([first, second]);
  expect(repeated.results).toEqual(added.results.map((each) => ({ ...each, outcome: "unchanged" })));
  expect(await rows("again")).toEqual(before);
  expect((await api("boards/again/columns")).headers.get("ETag")).toBe(etag);

  const better = await syntheticResult({ suite, model: 2, name: "two, again", loss: 0.5 });
  expect(await problemOf(await send("import", JSON.stringify(better)))).toMatchObject({
    status: 409,
    code: "result-exists",
    detail: expect.stringContaining("replace=true"),
  });
  expect(await rows("again")).toEqual(before);
  const replaced = await bringIn(better, "?replace=true");
  expect(replaced.results).toMatchObject([{ checkpoint: added.results[1]!.checkpoint, outcome: "replaced" }]);
  const after = await rows("again");
  expect(after.map(({ name, measures }) => [name, measures["loss"]!.value])).toEqual([
    ["two, again", 0.5],
    ["one", 1],
  ]);
  expect((await api("boards/again/columns")).headers.get("ETag")).not.toBe(etag);
});

test("a result whose file is gone is whole again once it is imported again", async () => {
  const suite = suiteText("mended@1");
  await publish(suite);
  const result = await syntheticResult({ suite, model: 60, name: "broken" });
  const { checkpoint } = (await bringIn(result)).results[0]!;
  const file = await bindings.DB.prepare("SELECT result_sha256 FROM results WHERE checkpoint = ?")
    .bind(checkpoint)
    .first<string>("result_sha256");
  await bindings.BLOBS.delete(`results/${file}.json`);
  const whole = () => api(`checkpoints/${checkpoint}/results/mended`);
  expect(await problemOf(await whole())).toMatchObject({ status: 503, code: "file-missing" });
  expect((await bringIn(result)).results).toMatchObject([{ outcome: "unchanged" }]);
  expect(await (await whole()).json()).toEqual(result);
});

test("many at once end with one row each", async () => {
  const suite = suiteText("race@1");
  await publish(suite);
  const result = await syntheticResult({ suite, model: 77, name: "raced" });
  const reports = await Promise.all(Array.from({ length: 8 }, () => bringIn(result)));
  expect(new Set(reports.map(({ results }) => results[0]!.checkpoint)).size).toBe(1);
  expect(await rows("race")).toHaveLength(1);
});

test("a model on two boards is one checkpoint, with its newest card on both", async () => {
  const [a, b] = [suiteText("left@1"), suiteText("right@1")];
  await publish(a);
  await publish(b);
  const left = await bringIn(await syntheticResult({ suite: a, model: 5, name: "old name" }));
  const right = await bringIn(await syntheticResult({ suite: b, model: 5, name: "new name", family: "f" }));
  expect(right.results[0]!.checkpoint).toBe(left.results[0]!.checkpoint);
  for (const board of ["left", "right"]) {
    expect(await rows(board)).toMatchObject([{ name: "new name", family: "f" }]);
  }
});

type Mutable = { -readonly [K in keyof Result]: Mutable2<Result[K]> };
type Mutable2<T> = T extends object ? { -readonly [K in keyof T]: Mutable2<T[K]> } : T;

test.each<[string, (result: Mutable) => unknown, string]>([
  ["another suite's hash", (r) => (r.corpus.sha256 = "0".repeat(64)), "corpus.sha256"],
  [
    "another corpus in its receipt",
    (r) => (r.receipt.corpus.sha256 = "0".repeat(64)),
    "receipt.corpus.sha256",
  ],
  ["another model in its receipt", (r) => (r.receipt.model.sha256 = "0".repeat(64)), "receipt.model.sha256"],
  ["no suite", (r) => (r.suite = null), "without a suite"],
  ["an unknown suite", (r) => (r.suite = "small@2"), "not published"],
  ["SQL for a suite", (r) => (r.suite = "small@1'; --"), "not published"],
  ["an unknown measure", (r) => (r.measures["speed"] = { value: null, reason: "?" }), "'speed'"],
  ["an unknown task", (r) => (r.probes!["other"] = { accuracy: null, reason: "?" }), "'other'"],
  ["too few examples", (r) => (r.corpus.examples = 1), "corpus.examples"],
  ["per-example values of another length", (r) => (r.perExample!["loss"] = "AAAAAA=="), "perExample.loss"],
  ["per-example values that are none", (r) => (r.perExample!["loss"] = "<script>"), "perExample.loss"],
  [
    "answers of another length",
    (r) => Object.assign(r.probes!["parity"]!, { correct: "1" }),
    "parity.correct",
  ],
  [
    "margins of another length",
    (r) => Object.assign(r.zeroShot!["pairs"]!, { margins: "" }),
    "pairs.margins",
  ],
  [
    "more parameters moved than there are",
    (r) => (r.checkpoint.perturbedParameters = 1e9),
    "checkpoint.parameters",
  ],
  ["an old schema", (r) => Object.assign(r, { schemaVersion: 1 }), "schemaVersion"],
  ["text for a number", (r) => Object.assign(r.measures["loss"]!, { value: "1" }), "measures.loss"],
  [
    "a huge card",
    (r) =>
      Object.assign(
        r.checkpoint.card!,
        Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}`, "x".repeat(9999)])),
      ),
    "checkpoint.card",
  ],
  ["a name of control characters", (r) => (r.checkpoint.card!.name = "a\u0000b"), "U+0000"],
  ["a name that turns the text around", (r) => (r.checkpoint.card!.name = "a\u202Eb"), "U+202E"],
  ["half a surrogate pair", (r) => (r.checkpoint.card!.run = "\uD800"), "U+D800"],
  ["a name of two lines", (r) => (r.checkpoint.card!.family = "a\nb"), "U+000A"],
  ["a name of blanks", (r) => (r.checkpoint.card!.name = "  "), "empty"],
  ["a name without end", (r) => (r.checkpoint.card!.name = "x".repeat(201)), "checkpoint.card.name"],
])("refuses a result with %s", async (_, change, where) => {
  await send("suites", suiteText());
  const result = structuredClone(
    await syntheticResult({ model: 9, name: "n", run: "r", family: "f" }),
  ) as Mutable;
  change(result);
  const problem = await problemOf(await send("import", JSON.stringify([result])));
  expect(problem).toMatchObject({
    status: 422,
    detail: expect.stringContaining(where),
    done: { results: [] },
  });
  expect(problem.detail).toMatch(/^Record 1/);
});

test("names keep their meaning: SQL, quotes, emoji, other scripts, composed and decomposed", async () => {
  const suite = suiteText("names@1");
  await publish(suite);
  const names = [
    "Robert'); DROP TABLE results;--",
    '"quoted", 100 %_\\',
    "👩🏽‍💻 naïve",
    "模型一",
    "__proto__",
    "ＦＵＬＬ",
    "<b>x</b>",
  ];
  const results = await Promise.all(
    names.map((name, i) => syntheticResult({ suite, model: 100 + i, name, run: name })),
  );
  await bringIn(results);
  await bringIn(await syntheticResult({ suite, model: 200, name: "Cafe\u0301" }));
  expect((await rows("names?sort=name")).map(({ name }) => name).sort()).toEqual([...names, "Café"].sort());
  for (const name of names) {
    expect(await rows(`names?run=${encodeURIComponent(name)}`)).toMatchObject([{ name, run: name }]);
    expect(await rows(`names?name=${encodeURIComponent(name)}`)).toMatchObject([{ name }]);
  }
  expect(await rows(`names?name=${encodeURIComponent("CAFE\u0301")}`)).toMatchObject([{ name: "Café" }]);
  expect(await rows("names?name=full")).toMatchObject([{ name: "ＦＵＬＬ" }]);
  expect(await rows(`names?name=${encodeURIComponent("%")}`)).toHaveLength(1);
});

test("without a card a checkpoint is called as its file; what is no part of a result is left out", async () => {
  const suite = suiteText("bare@1");
  await publish(suite);
  const result = await syntheticResult({ suite, model: 400, file: "C:\\models\\../step-9.onnx" });
  const text = JSON.stringify(result).replace('"suite":', '"<script>":1,"__proto__":{"x":1},"suite":');
  await bringIn(JSON.parse(text));
  const [row] = await rows("bare");
  expect(row!.name).toBe("step-9");
  const whole = await (await api(`checkpoints/${row!.checkpoint}/results/bare`)).text();
  expect(JSON.parse(whole)).toEqual(result);
  expect(whole).not.toMatch(/<script>|__proto__/);
});

test("JSON lines are read one by one; what was done before a bad one is told, and stays", async () => {
  const suite = suiteText("lines@1");
  const good = await syntheticResult({ suite, model: 500, name: "good" });
  const record = (each: WrittenRecord) => JSON.stringify(each);
  const lines = [
    record({ kind: "suite", suite: JSON.parse(suite) }),
    "",
    record({
      kind: "result",
      checkpoint: { id: "abcdefgh234567ab" },
      addedAt: "2026-01-02T03:04:05.000Z",
      result: good,
    }),
    record({ kind: "end", next: null }),
    "{",
  ];
  // In pieces that end anywhere, even within a character.
  const bytes = new TextEncoder().encode(lines.join("\r\n"));
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < bytes.length; i += 97) controller.enqueue(bytes.slice(i, i + 97));
      controller.close();
    },
  });
  const problem = await problemOf(await send("import", pieces, `${JSON_LINES}; charset=utf-8`));
  expect(problem).toMatchObject({
    status: 422,
    detail: expect.stringMatching(/^Line 5 is not JSON/),
    done: { suites: [{ suite: "lines@1", outcome: "added" }], results: [{ checkpoint: "abcdefgh234567ab" }] },
  });
  expect(await rows("lines")).toMatchObject([{ name: "good", addedAt: "2026-01-02T03:04:05.000Z" }]);
});

test("refuses bodies that are too long, too many, or of another kind", async () => {
  const many = JSON.stringify(Array.from({ length: MOST_RECORDS + 1 }, () => ({ kind: "end", next: null })));
  expect(await problemOf(await send("import", many))).toMatchObject({ status: 413, code: "too-many" });
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(2 ** 20).fill(0x78)),
  });
  expect(await problemOf(await send("import", endless, JSON_LINES))).toMatchObject({
    status: 413,
    code: "too-large",
  });
  expect(await problemOf(await send("import", " ".repeat(17 * 2 ** 20)))).toMatchObject({ status: 413 });
  expect(await problemOf(await send("import", "x", "text/plain"))).toMatchObject({ status: 415 });
  expect(await problemOf(await send("import", "null"))).toMatchObject({ status: 422 });
  expect(await problemOf(await send("import", '{"kind":"other"}'))).toMatchObject({ status: 422 });
  expect(await problemOf(await send("import?replace=yes", "[]"))).toMatchObject({ status: 400 });
});

async function exported(): Promise<string[]> {
  const parts: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const path: string = `export${cursor && `?cursor=${encodeURIComponent(cursor)}`}`;
    const part = new TextDecoder().decode(await (await api(path, { token: owner })).arrayBuffer());
    const end = JSON.parse(part.trim().split("\n").at(-1)!) as ArchiveRecord;
    expect(end.kind).toBe("end");
    parts.push(part);
    cursor = end.kind === "end" ? end.next : null;
  }
  return parts;
}

/** All that can be read without a token, once tiers are up to date. */
async function shownBoards() {
  const stale = bindings.DB.prepare("SELECT count(*) FROM suites WHERE tiers_wanted <> tiers_computed");
  const left = () => recomputeStaleTiers(bindings).then(() => stale.first("count(*)"));
  await expect.poll(left, { timeout: 20_000 }).toBe(0);
  const read = async (path: string) => (await api(path)).json<Record<string, unknown>>();
  const { boards } = boardListSchema.parse(await read("boards"));
  const shown = boards.map(async ({ suite }) => ({
    page: await read(`boards/${suite}?limit=500`),
    columns: await read(`boards/${suite}/columns`),
    hidden: await read(`boards/${suite}/hidden`),
  }));
  return { suites: await read("suites"), boards: await Promise.all(shown) };
}

test("what is exported and imported into an empty board gives the same boards", async () => {
  const suite = groupedSuite("backup@1");
  await publish(suite);
  const results = await Promise.all(
    [0, 0.01, 0.2, 0.9, 3].map((shift, i) => resultOf(suite, { model: 300 + i, shift, run: `run ${i}` })),
  );
  const { results: added } = await bringIn(
    results.map((result, i): WrittenRecord => ({
      ...{ kind: "result", result, addedAt: `2026-01-0${i + 1}T03:04:05.000Z` },
      ...(i === 1 && { origin: "committed" }),
    })),
  );
  const { DB, BLOBS } = bindings;
  const [, , evaluated, hidden] = added.map(({ checkpoint }) => checkpoint);
  // As uploading, evaluating and changing a card leave them.
  await DB.batch([
    DB.prepare(
      `UPDATE checkpoints SET owner = '0123456789abcdef', visibility = 'public', added_at = 1, name = 'mine', ` +
        `card = '{"name":"mine","run":"other run","seed":3}', run = 'other run', step = NULL WHERE id = ?`,
    ).bind(evaluated),
    DB.prepare(
      "UPDATE results SET origin = 'edge', name = 'mine', folded_name = 'mine', run = 'other run', step = NULL " +
        "WHERE checkpoint = ?",
    ).bind(evaluated),
  ]);
  await api(`boards/backup/rows/${hidden}/hide`, { token: owner, json: { reason: "trained on it" } });
  const before = await shownBoards();
  const checkpoint = await (await api(`checkpoints/${evaluated}`)).json();
  const parts = await exported();
  await DB.batch(
    ["scores", "results", "checkpoints", "suites"].map((table) => DB.prepare(`DELETE FROM ${table}`)),
  );
  for (const { key } of (await BLOBS.list()).objects) await BLOBS.delete(key);
  expect((await api("boards/backup")).status).toBe(404);
  for (const part of parts) {
    const response = await send("import", part, JSON_LINES);
    expect(response.status, await response.clone().text()).toBe(200);
  }
  expect(await shownBoards()).toEqual(before);
  expect(await (await api(`checkpoints/${evaluated}`)).json()).toEqual(checkpoint);
  const tiers = (await rows("backup")).map((row) => row.tiers["loss"]);
  expect(new Set(tiers).size).toBeGreaterThan(1);
  // Sent once more it changes nothing.
  for (const part of parts) {
    const again = importReportSchema.parse(await (await send("import", part, JSON_LINES)).json());
    expect(new Set([...again.suites, ...again.results].map(({ outcome }) => outcome))).toEqual(
      new Set(["unchanged"]),
    );
  }
  expect(await shownBoards()).toEqual(before);
  expect(await problemOf(await api("export?cursor=1'--", { token: owner }))).toMatchObject({ status: 400 });
});

test.each<[string, object, string]>([
  ["an origin of its own", { origin: "certified" }, "origin"],
  ["an owner who cannot be", { checkpoint: { id: "a".repeat(16), owner: "root'--" } }, "checkpoint.owner"],
  [
    "a name that turns the text around",
    { checkpoint: { id: "a".repeat(16), name: "a\u202Eb" } },
    "checkpoint.name",
  ],
  ["a reason of nothing", { hidden: { reason: "", at: "2026-01-01T00:00:00Z" } }, "hidden.reason"],
  ["a path for an id", { checkpoint: { id: "../../etc/passwd" } }, "checkpoint.id"],
])("refuses a record with %s", async (_, fields, where) => {
  await send("suites", suiteText());
  const record = { kind: "result", result: await syntheticResult({ model: 9 }), ...fields };
  const problem = await problemOf(await send("import", JSON.stringify([record])));
  expect(problem).toMatchObject({ status: 422, detail: expect.stringContaining(where) });
});

test("an id that another model has is not taken from it", async () => {
  const suite = suiteText("taken@1");
  await publish(suite);
  const [first, second] = await Promise.all([801, 802].map((model) => syntheticResult({ suite, model })));
  const id = "taken234taken234";
  const record = (result: unknown): WrittenRecord => ({ kind: "result", checkpoint: { id }, result });
  const report = await bringIn([record(first), record(second)]);
  expect(report.results[0]!.checkpoint).toBe(id);
  expect(report.results[1]!.checkpoint).not.toBe(id);
});
