import { expect, test } from "vitest";
import { publishedSuiteSchema, suiteListSchema } from "../../../shared/api/suites.ts";
import { bindings } from "../testing/bindings.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { suiteText } from "../testing/small-suite.ts";
import { LARGEST_SUITE } from "./publish.ts";

const publish = (body: BodyInit) =>
  api("suites", { method: "POST", token: owner, body, headers: { "Content-Type": "application/json" } });

test("is published once, read by anyone, and never changes", async () => {
  const text = suiteText("steady@1");
  const first = await publish(text);
  expect(first.status).toBe(201);
  const suite = publishedSuiteSchema.parse(await first.json());
  expect(suite).toMatchObject({
    id: "steady@1",
    examples: 2,
    labelledTokens: 2,
    checkpoints: 0,
    knownLanguage: false,
  });
  expect(suite.measures.map(({ id }) => id)).toEqual(["loss", "fisher-trace", "hessian-trace"]);
  expect(suite.tasks.map(({ id, items }) => [id, items])).toEqual([
    ["parity", 3],
    ["pairs", 1],
  ]);

  // The same suite, laid out in another way.
  const second = await publish(JSON.stringify(JSON.parse(text), null, 2));
  expect(second.status).toBe(200);
  expect(await second.json()).toEqual(suite);

  expect(await problemOf(await publish(suiteText("steady@1", "Changed.")))).toMatchObject({
    status: 409,
    code: "suite-immutable",
  });
  expect(await (await api("suites/steady@1")).json()).toEqual(suite);

  const file = await api("suites/steady@1/file");
  expect(file.headers.get("Content-Disposition")).toBe('attachment; filename="steady@1.json"');
  expect(await file.text()).toBe(text);
  const etag = file.headers.get("ETag")!;
  expect(etag).toBe(`"${suite.sha256}"`);
  const cached = await api("suites/steady/file", { headers: { "If-None-Match": `W/${etag}, "other"` } });
  expect(cached.status).toBe(304);
  expect(cached.headers.get("X-Content-Type-Options")).toBe("nosniff");
});

test("a bare name means the latest version, by number", async () => {
  for (const version of [2, 10, 9]) expect((await publish(suiteText(`many@${version}`))).status).toBe(201);
  expect(await (await api("suites/many")).json()).toMatchObject({ id: "many@10" });
  expect(await (await api("suites/many%402")).json()).toMatchObject({ id: "many@2" });
  expect(await problemOf(await api("suites/many@3"))).toMatchObject({ status: 404, code: "no-such-suite" });
  const { suites } = suiteListSchema.parse(await (await api("suites")).json());
  expect(suites.map(({ id }) => id).filter((id) => id.startsWith("many"))).toEqual([
    "many@10",
    "many@9",
    "many@2",
  ]);
});

test.each([
  "x'; DROP TABLE suites; --",
  "many@0",
  "many@1 OR 1=1",
  "Many",
  "many@99999999999",
  "../../secrets",
  "\u0000",
  "％",
  "мany",
  "a".repeat(70),
])("%j is no suite's name", async (name) => {
  const problem = await problemOf(await api(`suites/${encodeURIComponent(name)}`));
  expect(problem).toMatchObject({ status: 400, errors: [{ in: "path", path: "id" }] });
  expect((await api("suites")).status).toBe(200);
});

test("refuses what is no suite, and says why", async () => {
  const refused = async (body: BodyInit) => problemOf(await publish(body));
  const changed = (
    change: (file: { definition: Record<string, unknown>; tasks: { [key: string]: unknown }[] }) => void,
  ) => {
    const file = JSON.parse(suiteText("bad@1"));
    change(file);
    return JSON.stringify(file);
  };
  expect(await refused("{")).toMatchObject({
    status: 422,
    code: "invalid-suite",
    detail: expect.stringContaining("not JSON"),
  });
  expect(await refused("")).toMatchObject({ status: 422 });
  expect(await refused("[]")).toMatchObject({ status: 422 });
  expect(await refused("[".repeat(200_000) + "]".repeat(200_000))).toMatchObject({ status: 422 });
  expect(await refused(new Uint8Array([0x7b, 0xff, 0x7d]))).toMatchObject({ status: 400, code: "not-text" });
  expect(await refused(changed(({ definition }) => (definition["id"] = "../bad@1")))).toMatchObject({
    detail: expect.stringContaining("definition.id"),
  });
  expect(await refused(changed(({ definition }) => (definition["measures"] = ["nothing"])))).toMatchObject({
    detail: expect.stringContaining("no measure 'nothing'"),
  });
  // Without test sentences there is no chance level either.
  expect(await refused(changed(({ tasks }) => (tasks[0]!["test"] = [])))).toMatchObject({
    status: 422,
    detail: expect.stringContaining("tasks.0.chance"),
  });
  const nested = changed(({ tasks }) => (tasks[0]!["title"] = "DEEP")).replace(
    '"DEEP"',
    "[".repeat(50_000) + "]".repeat(50_000),
  );
  expect(await refused(nested)).toMatchObject({ status: 422 });
  expect((await bindings.DB.prepare("SELECT * FROM suites WHERE name = 'bad'").all()).results).toEqual([]);
});

test("a body without end is not read to its end", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536).fill(0x20));
    },
  });
  expect(await problemOf(await publish(endless))).toMatchObject({ status: 413, code: "too-large" });
  expect(sent).toBeLessThan(LARGEST_SUITE + 8 * 2 ** 20);
  const declared = await publish(" ".repeat(LARGEST_SUITE + 1));
  expect(await problemOf(declared)).toMatchObject({ status: 413 });
});
