// First: it teaches zod what the schemas of the API are described with.
import { app } from "../../api/app.ts";
import { applyD1Migrations, createExecutionContext, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { evaluateLineSchema, LARGEST_EVALUATED, type EvaluateLine } from "../../../shared/api/evaluate.ts";
import { problemSchema, type Problem } from "../../../shared/api/problem.ts";
import { parseCorpus } from "../../../shared/corpus/parse.ts";
import { evaluate } from "../../../shared/evaluate/evaluate.ts";
import { resultSchema, type Result } from "../../../shared/evaluate/result-schema.ts";
import { readModel } from "../../../shared/onnx/read.ts";
import { formatSuite } from "../../../shared/suites/suite-file.ts";
import { smallSuite } from "../../../test/support/small-suite.ts";
import type { Bindings } from "../../api/environment.ts";
import { hex } from "../../api/random.ts";
import { publishSuite } from "../../api/suites/publish.ts";
import { largeToyFile, toyFile, zooModel } from "../../api/testing/models.ts";
import { memory, withRuntime } from "../runtime.ts";
import { inMemory } from "../shards/models.ts";
import { handleEvaluate } from "./handle.ts";

/** The API and, where its requests go, the real thing. */
const bindings = {
  ...env,
  PLATEAU_OWNER_TOKEN: "the-owners-token-which-tests-alone-know",
  EDGE: { fetch: (input: string, init: RequestInit) => handleEvaluate(new Request(input, init), bindings) },
} as unknown as Bindings & { readonly MIGRATIONS: D1Migration[] };

const ADDRESS = "http://localhost:8787/api/v1/evaluate";
const MODEL = "adamw-d32-s1-step-9000";

/** A request as it comes over the wire. */
function post(
  query: string,
  body: BodyInit | null,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  const request = new Request(`${ADDRESS}${query}`, { method: "POST", body, headers, signal });
  return Promise.resolve(app.fetch(request, bindings, createExecutionContext()));
}

async function linesOf(response: Response): Promise<EvaluateLine[]> {
  const text = new TextDecoder().decode(await response.arrayBuffer());
  expect(response.headers.get("Content-Type"), text).toBe("application/x-ndjson");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trim()
    .split("\n")
    .map((line) => evaluateLineSchema.parse(JSON.parse(line)));
}

async function resultOf(response: Response): Promise<Result> {
  const last = (await linesOf(response)).at(-1)!;
  expect(last).toHaveProperty("result");
  return (last as { result: Result }).result;
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  const problem = problemSchema.parse(JSON.parse(text));
  expect(problem.status).toBe(response.status);
  return problem;
}

const CORPUS = [
  { input_ids: [2, 1, 4, 5], labels: [-100, 3, -100, -100] },
  { input_ids: [1, 5, 3], labels: [2, -100, -100] },
  { input_ids: [4, 1, 1], labels: [-100, 6, 2] },
]
  .map((example) => JSON.stringify(example))
  .join("\n");

function form(fields: Record<string, string | Blob>): FormData {
  const all = new FormData();
  for (const [name, value] of Object.entries(fields)) all.append(name, value);
  return all;
}

const toy = toyFile(3);
const withCorpus = (fields: Record<string, string> = {}) =>
  form({ model: new Blob([toy]), corpus: new Blob([CORPUS]), objective: "mlm", directions: "2", ...fields });

const heldBefore = memory.javaScriptBytes;

beforeAll(async () => {
  await applyD1Migrations(bindings.DB, bindings.MIGRATIONS);
  await publishSuite(bindings, formatSuite(smallSuite()), Date.now());
});

test("a model and a suite give progress and a whole result, and nothing is stored", async () => {
  const stored = async () => ({
    objects: (await bindings.BLOBS.list()).objects.map(({ key }) => key),
    rows: await bindings.DB.prepare(
      "SELECT (SELECT count(*) FROM checkpoints) + (SELECT count(*) FROM results) + (SELECT count(*) FROM evaluations) AS n",
    ).first(),
  });
  const before = await stored();
  const model = await zooModel(MODEL);
  // What curl says of --data-binary.
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  const lines = await linesOf(await post("?suite=small", model, type));
  const { result } = lines.at(-1) as { result: Result };
  expect(result.suite).toBe("small@1");
  expect(result.checkpoint.sha256).toBe(hex(new Uint8Array(await crypto.subtle.digest("SHA-256", model))));
  expect(Object.keys(result.probes!).sort()).toEqual(["task-A", "task-C"]);
  expect(result.zeroShot!["minimal-pairs"]!.accuracy!.value).toBeGreaterThan(0.5);
  expect(result.measures["fisher-trace"]!.value).toBeGreaterThan(0);
  expect(result.runtime.device).toBe("workerd");
  const progress = lines.slice(0, -1).map((line) => ("progress" in line ? line.progress : null));
  expect(progress).not.toContain(null);
  const stages = [...new Set(progress.map((each) => each!.stage))];
  expect(stages).toEqual(
    expect.arrayContaining(["preparing", "measuring", "extracting", "probing", "comparing"]),
  );
  expect(await stored()).toEqual(before);
  const alone = await post("?suite=small@1", model, { Accept: "application/json" });
  expect([alone.status, alone.headers.get("Content-Type")]).toEqual([200, "application/json"]);
  const again = resultSchema.parse(await alone.json());
  expect([again.measures, again.probes]).toEqual([result.measures, result.probes]);
});

test("a model and a corpus give the measures that an evaluation in one process gives", async () => {
  const result = await resultOf(await post("", withCorpus({ measures: "fisher-trace, hessian-trace" })));
  expect(result.suite).toBeNull();
  expect(result.probes ?? {}).toEqual({});
  expect(result.corpus).toMatchObject({ objective: "mlm", examples: 3, labelledTokens: 4 });
  expect(Object.keys(result.measures)).toEqual(["loss", "fisher-trace", "hessian-trace"]);
  const expected = await withRuntime(async (runtime) =>
    evaluate(await readModel(inMemory(toy)), runtime, parseCorpus(CORPUS, "mlm"), {
      ...{ measures: ["fisher-trace", "hessian-trace"], directions: 2, seed: 1, batch: 32 },
    }),
  );
  for (const [id, { value }] of Object.entries(expected.measures)) {
    expect(result.measures[id]!.value, id).toBeCloseTo(value!, 9);
  }
  const named = form({ model: new File([toy], "C:\\models\\toy\u202E.onnx"), corpus: new Blob([CORPUS]) });
  named.append("objective", "mlm");
  expect((await resultOf(await post("", named))).checkpoint.file).toBe("toy.onnx");
});

test.each<[string, string, () => BodyInit | null, number, string]>([
  ["no body", "?suite=small", () => null, 400, "no-model"],
  ["an empty body", "?suite=small", () => new Uint8Array(), 400, "no-model"],
  ["neither suite nor corpus", "", () => toy, 400, "no-corpus"],
  ["a suite that is not there", "?suite=none", () => toy, 404, "no-such-suite"],
  ["a suite that is no name", "?suite=../..", () => toy, 400, "invalid-request"],
  ["more than it asks for", "?suite=small&seed=2", () => toy, 400, "invalid-request"],
  ["a form without a model", "?suite=small", () => form({ other: "x" }), 400, "no-model"],
  ["a suite and a corpus", "?suite=small", () => withCorpus(), 400, "suite-and-corpus"],
  [
    "a suite and measures",
    "?suite=small",
    () => form({ model: "x", measures: "loss" }),
    400,
    "suite-and-corpus",
  ],
  ["no objective", "", () => form({ model: new Blob([toy]), corpus: CORPUS }), 400, "invalid-request"],
  ["an unknown objective", "", () => withCorpus({ objective: "next" }), 400, "invalid-request"],
  ["an unknown measure", "", () => withCorpus({ measures: "loss,speed" }), 400, "invalid-request"],
  ["too many directions", "", () => withCorpus({ directions: "1000" }), 400, "invalid-request"],
  ["directions that are none", "", () => withCorpus({ directions: "-1" }), 400, "invalid-request"],
  ["a field of no meaning", "", () => withCorpus({ epsilon: "1" }), 400, "invalid-request"],
  ["a corpus that is none", "", () => withCorpus({ corpus: "{" }), 422, "cannot-evaluate"],
  ["a corpus without labels", "", () => withCorpus({ corpus: '{"input_ids":[1]}' }), 422, "cannot-evaluate"],
  [
    "a corpus of other text",
    "",
    () => form({ model: new Blob([toy]), objective: "mlm", corpus: new Blob([Uint8Array.of(255, 254)]) }),
    400,
    "not-text",
  ],
])("refuses %s", async (_, query, body, status, code) => {
  expect(await problemOf(await post(query, body()))).toMatchObject({ status, code });
});

test.each<[string, string, () => BodyInit, string]>([
  ["what is no model", "?suite=small", () => "hello", "cannot-evaluate"],
  ["a model cut short", "?suite=small", () => toy.slice(0, 3000), "cannot-evaluate"],
  ["a model of another vocabulary", "?suite=small", () => toy, "cannot-evaluate"],
  [
    "token ids that the model does not know",
    "",
    () => withCorpus({ corpus: CORPUS.replace("[2,1,4,5]", "[2,1,99,5]") }),
    "cannot-evaluate",
  ],
])("says what is wrong with %s, as a line and as a status", async (_, query, body, code) => {
  const lines = await linesOf(await post(query, body()));
  expect(lines.at(-1)).toMatchObject({ problem: { status: 422, code } });
  const alone = await post(query, body(), { Accept: "application/json" });
  expect(await problemOf(alone)).toMatchObject({ status: 422, code });
});

test("refuses what is too large, told beforehand or counted", async () => {
  const declared = await post("?suite=small", "x", { "Content-Length": String(LARGEST_EVALUATED + 1) });
  expect(await problemOf(declared)).toMatchObject({ status: 413, code: "too-large" });
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 2 ** 20;
      controller.enqueue(new Uint8Array(2 ** 20));
    },
  });
  expect(await problemOf(await post("?suite=small", endless))).toMatchObject({
    status: 413,
    code: "too-large",
  });
  expect(sent).toBeLessThan(LARGEST_EVALUATED + 8 * 2 ** 20);
  const corpus = "x".repeat(4_000_001);
  expect(await problemOf(await post("", withCorpus({ corpus })))).toMatchObject({ status: 413 });
});

const LONG = `${JSON.stringify({ input_ids: [2, 1, 4, 5], labels: [-100, 3, -100, -100] })}\n`.repeat(20_000);

test("refuses what nobody would wait for", async () => {
  const corpus = LONG;
  const many = await post("", withCorpus({ corpus, directions: "51" }));
  expect(await problemOf(many)).toMatchObject({ status: 422, code: "too-long" });
  const model = new Blob([largeToyFile(200_000)]);
  const large = form({ model, corpus: new Blob([corpus]), objective: "mlm", directions: "50" });
  expect((await linesOf(await post("", large))).at(-1)).toMatchObject({
    problem: { status: 422, code: "too-long" },
  });
});

test("one at a time: the other is told to come back", async () => {
  const first = post("?suite=small", await zooModel(MODEL), { Accept: "application/json" });
  await scheduler.wait(50);
  const second = await post("?suite=small", toy);
  expect(second.headers.get("Retry-After")).toBe("30");
  expect(await problemOf(second)).toMatchObject({ status: 429, code: "busy" });
  expect((await first).status).toBe(200);
  expect((await resultOf(await post("", withCorpus()))).suite).toBeNull();
});

test("stops when whoever asked goes away, and the next one has its turn", async () => {
  // It would take minutes.
  const long = withCorpus({ corpus: LONG, directions: "50" });
  const response = await post("", long);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  const alone = { Accept: "application/json" };
  const next = async () => (await post("", withCorpus(), alone)).status;
  await expect.poll(next, { timeout: 10_000 }).toBe(200);

  const gone = new AbortController();
  const waiting = post("", long, alone, gone.signal);
  await scheduler.wait(500);
  expect(await next()).toBe(429);
  gone.abort();
  await expect.poll(next, { timeout: 10_000 }).toBe(200);
  await waiting.catch(() => undefined);
});

test("holds nothing any more", () => {
  // But the suite that was used last.
  expect(memory.javaScriptBytes - heldBefore).toBeLessThan(10 * 2 ** 20);
});

const admitted = (url: string, headers: Record<string, string>) => {
  const request = new Request(url, { method: "POST", body: "x", headers });
  return Promise.resolve(app.fetch(request, bindings, createExecutionContext()));
};
const LOCAL = "http://localhost:8787/api/v1/evaluate?suite=none";

test.each<[string, string, Record<string, string>]>([
  ["from the machine itself", LOCAL, {}],
  ["from a page of the board", LOCAL, { Origin: "http://localhost:8787", "Sec-Fetch-Site": "same-origin" }],
  ["by number", LOCAL.replace("localhost", "127.0.0.1"), { "CF-Connecting-IP": "127.0.0.1" }],
  ["by the other number", LOCAL.replace("localhost", "[::1]"), { "CF-Connecting-IP": "::1" }],
  ["by whoever typed the address", LOCAL, { "Sec-Fetch-Site": "none" }],
])("is open %s", async (_, url, headers) => {
  expect(await problemOf(await admitted(url, headers))).toMatchObject({ code: "no-such-suite" });
});

test.each<[string, string, Record<string, string>, number, string]>([
  ["a page of elsewhere", LOCAL, { Origin: "http://evil.example" }, 403, "foreign-page"],
  ["a page without an origin", LOCAL, { Origin: "null" }, 403, "foreign-page"],
  ["a page of another port", LOCAL, { Origin: "http://localhost:3000" }, 403, "foreign-page"],
  ["a page of another scheme", LOCAL, { Origin: "https://localhost:8787" }, 403, "foreign-page"],
  ["a page that hides where it is from", LOCAL, { "Sec-Fetch-Site": "cross-site" }, 403, "foreign-page"],
  ["a page of a neighbour", LOCAL, { "Sec-Fetch-Site": "same-site" }, 403, "foreign-page"],
  [
    "a name that was bent to this machine",
    LOCAL.replace("localhost", "evil.example"),
    { Origin: "http://evil.example:8787", "Sec-Fetch-Site": "same-origin" },
    401,
    "token-missing",
  ],
  [
    "a name that only looks like it",
    LOCAL.replace("localhost", "localhost.evil.example"),
    {},
    401,
    "token-missing",
  ],
  [
    "a name that only looks like a number",
    LOCAL.replace("localhost", "127.0.0.1.evil.example"),
    {},
    401,
    "token-missing",
  ],
  ["another machine", LOCAL, { "CF-Connecting-IP": "192.0.2.1" }, 401, "token-missing"],
  ["another machine behind a proxy", LOCAL, { "X-Forwarded-For": "192.0.2.1" }, 401, "token-missing"],
  ["a token that does not count", LOCAL, { Authorization: "Bearer x" }, 401, "token-unknown"],
])("is closed to %s", async (_, url, headers, status, code) => {
  expect(await problemOf(await admitted(url, headers))).toMatchObject({ status, code });
});

test("a token with the scope opens it from anywhere, and one without nowhere", async () => {
  const { issueToken } = await import("../../api/tokens/store.ts");
  const token = async (scopes: ("evaluate" | "submit")[], expiresAt = Date.now() + 60_000) =>
    `Bearer ${(await issueToken(bindings.DB, { label: "t", scopes, expiresAt }, Date.now())).token}`;
  const elsewhere = { "CF-Connecting-IP": "192.0.2.1", Origin: "http://evil.example" };
  const ask = async (Authorization: string) =>
    problemOf(await admitted(LOCAL.replace("localhost", "board.example"), { ...elsewhere, Authorization }));
  expect(await ask(await token(["evaluate"]))).toMatchObject({ code: "no-such-suite" });
  expect(await ask(await token(["submit"]))).toMatchObject({ status: 403, code: "scope-missing" });
  expect(await ask(await token(["evaluate"], Date.now() - 1))).toMatchObject({
    status: 401,
    code: "token-expired",
  });
});
