import { beforeAll, expect, test } from "vitest";
import {
  boardColumnsSchema,
  boardListSchema,
  boardPageSchema,
  type BoardRow,
} from "../../../shared/api/boards.ts";
import { bindings } from "../testing/bindings.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { suiteText, syntheticResult, type SyntheticResult } from "../testing/small-suite.ts";
import { requireSuite } from "../suites/store.ts";
import { boardOrder } from "./order.ts";
import { rowsQuery } from "./select-rows.ts";

const SUITE = suiteText("big@1");
const ROWS = 1000;
/** Every seventh has no trace, every fifth no accuracy; values repeat, so that ties must be broken. */
const ROW = (model: number): SyntheticResult => ({
  suite: SUITE,
  model,
  name: `checkpoint ${String(model).padStart(4, "0")}`,
  run: model % 3 === 0 ? null : `run ${model % 10}`,
  family: model % 2 === 0 ? "even" : "odd",
  step: model % 4 === 0 ? null : (model * 37) % 500,
  loss: 1 + ((model * 7919) % 100) / 100,
  fisher: model % 7 === 0 ? null : (model * 104729) % 50,
  accuracy: model % 5 === 0 ? null : (model % 4) / 3,
});

beforeAll(async () => {
  await api("suites", { token: owner, json: JSON.parse(SUITE) });
  const results = await Promise.all(Array.from({ length: ROWS }, (_, i) => syntheticResult(ROW(i))));
  for (let i = 0; i < ROWS; i += 200) {
    const response = await api("import", { token: owner, json: results.slice(i, i + 200) });
    expect(response.status, await response.clone().text()).toBe(200);
    await response.body?.cancel();
  }
}, 120_000);

const page = async (query: string) => {
  const response = await api(`boards/big?${query}`);
  expect(response.status, await response.clone().text()).toBe(200);
  return boardPageSchema.parse(await response.json());
};

async function allPages(query: string): Promise<BoardRow[]> {
  const rows: BoardRow[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const next = await page(`${query}${cursor && `&cursor=${cursor}`}`);
    rows.push(...next.rows);
    cursor = next.next;
  }
  return rows;
}

test("lists boards; a bare name is the latest version", async () => {
  const { boards } = boardListSchema.parse(await (await api("boards")).json());
  expect(boards).toEqual([{ suite: "big@1", title: "Small", checkpoints: ROWS }]);
  const { suite, sort, order, checkpoints, rows } = await page("");
  expect({ suite, sort, order, checkpoints }).toEqual({
    suite: "big@1",
    sort: "loss",
    order: "asc",
    checkpoints: ROWS,
  });
  expect(rows).toHaveLength(100);
});

const VALUES: Record<string, (row: BoardRow) => string | number | null> = {
  name: (row) => row.name,
  run: (row) => row.run,
  family: (row) => row.family,
  step: (row) => row.step,
  parameters: (row) => row.parameters,
  added: (row) => row.addedAt,
  loss: (row) => row.measures["loss"]!.value,
  "fisher-trace": (row) => row.measures["fisher-trace"]!.value,
  "task:parity": (row) => row.tasks["parity"]!.value,
};

test.each(Object.keys(VALUES).flatMap((sort) => [`sort=${sort}&order=asc`, `sort=${sort}&order=desc`]))(
  "pages by %s go through every row once, in order, undefined last",
  async (query) => {
    const rows = await allPages(`${query}&limit=300`);
    expect(new Set(rows.map(({ checkpoint }) => checkpoint)).size).toBe(ROWS);
    const { sort, order } = Object.fromEntries(new URLSearchParams(query)) as { sort: string; order: string };
    const keys = rows.map((row) => [VALUES[sort]!(row), row.checkpoint] as const);
    const sign = order === "asc" ? 1 : -1;
    const compare = (a: string | number, b: string | number) => (a < b ? -sign : a > b ? sign : 0);
    const sorted = keys.toSorted(([a, i], [b, j]) =>
      a === null || b === null
        ? Number(a === null) - Number(b === null) || compare(i, j)
        : compare(a, b) || compare(i, j),
    );
    expect(keys).toEqual(sorted);
  },
);

test("filters go together with any order, and small pages add up to large ones", async () => {
  const expected = Array.from({ length: ROWS }, (_, i) => ROW(i)).filter(
    ({ family, run, name }) => family === "odd" && run === "run 7" && name!.includes("1"),
  );
  const query = "family=odd&run=run%207&name=CHECKPOINT%20&name=";
  expect(await problemOf(await api(`boards/big?${query}`))).toMatchObject({ status: 400 });
  const small = await allPages("family=odd&run=run%207&name=1&sort=fisher-trace&limit=4");
  expect(small).toEqual((await page("family=odd&run=run%207&name=1&sort=fisher-trace&limit=500")).rows);
  expect(small.map(({ name }) => name).sort()).toEqual(expected.map(({ name }) => name).sort());
  expect((await page("family=none")).rows).toEqual([]);
});

test.each<[query: string, keeps: (row: Required<SyntheticResult>) => boolean]>([
  ["minLoss=1.2&maxLoss=1.4", ({ loss }) => loss >= 1.2 && loss <= 1.4],
  ["maxLoss=1e0", ({ loss }) => loss <= 1],
  ["minStep=250&sort=step", ({ step }) => step !== null && step >= 250],
  ["maxStep=-1", () => false],
  ["minParameters=300&maxParameters=4e2&sort=name", ({ model }) => model >= 200 && model <= 300],
  [
    "maxParameters=600&minStep=100&minLoss=1.5&family=even&sort=task:parity",
    ({ model, step, loss, family }) =>
      model <= 500 && step !== null && step >= 100 && loss >= 1.5 && family === "even",
  ],
])("?%s leaves out what lies outside", async (query, keeps) => {
  const rows = Array.from({ length: ROWS }, (_, i) => ROW(i) as Required<SyntheticResult>).filter(keeps);
  const found = await allPages(`${query}&limit=150`);
  expect(found.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort());
  const csv = await (await api(`boards/big?${query}&format=csv`)).text();
  expect(csv.trim().split("\r\n")).toHaveLength(rows.length + 1);
});

test("a row has the owner of its checkpoint, by which it is found", async () => {
  const id = "0123456789abcdef";
  const [row] = (await page("name=checkpoint%200001")).rows;
  expect(row!.owner).toBeNull();
  const change = bindings.DB.prepare("UPDATE checkpoints SET owner = ? WHERE id = ?");
  await change.bind(id, row!.checkpoint).run();
  expect((await page(`owner=${id}&sort=loss`)).rows).toEqual([{ ...row, owner: id }]);
  expect((await page("owner=owner")).rows).toEqual([]);
  await change.bind(null, row!.checkpoint).run();
});

test("a row has values, errors and reasons", async () => {
  const [row] = (await page("name=checkpoint%200035")).rows;
  expect(row).toMatchObject({ name: "checkpoint 0035", family: "odd", origin: "imported", parameters: 135 });
  expect(row!.measures["hessian-trace"]).toEqual({ value: 12, standardError: 0.01235, directionError: 0.25 });
  expect(row!.measures["fisher-trace"]).toEqual({ value: null, reason: "no step suits" });
  expect(row!.tasks["parity"]).toEqual({ value: null, reason: "the model has no hidden states" });
  const [other] = (await page("name=checkpoint%200001")).rows;
  expect(other!.tasks["parity"]).toMatchObject({ gainOverWords: { value: 0.1 }, gainOverRandom: null });
});

test.each([
  ["sort=nothing", "query, sort"],
  ["sort=value;--", "sort"],
  ["sort=adaptive-fisher-trace", "Choose among"],
  ["sort=task:other", "task:parity"],
  ["sort=__proto__", "sort"],
  ["sort=constructor", "no 'constructor'"],
  ["order=up", "order"],
  ["limit=0", "limit"],
  ["limit=501", "limit"],
  ["limit=ten", "limit"],
  ["limit=1&limit=2", "limit"],
  ["cursor=!", "begin at the first page"],
  ["cursor=bnVsbA", "begin at the first page"],
  ["format=xml", "format"],
  ["colour=red", "colour"],
  [`name=${"x".repeat(201)}`, "name"],
  ["family=", "family"],
  ["owner=somebody", "owner"],
  ["minLoss=Infinity", "minLoss"],
  ["maxLoss=1e999", "maxLoss"],
  ["minStep=0x10", "minStep"],
  ["maxStep= 1", "maxStep"],
  ["minParameters=", "minParameters"],
  ["maxParameters=1;--", "maxParameters"],
])("refuses ?%s", async (query, where) => {
  const problem = await problemOf(await api(`boards/big?${query}`));
  expect(problem).toMatchObject({ status: 400, detail: expect.stringContaining(where) });
});

test("a cursor belongs to its order", async () => {
  const { next } = await page("sort=loss&limit=10");
  for (const other of ["sort=loss&order=desc", "sort=name", "sort=fisher-trace"]) {
    const problem = await problemOf(await api(`boards/big?${other}&cursor=${next}`));
    expect(problem).toMatchObject({
      status: 400,
      code: "invalid-cursor",
      detail: expect.stringContaining("sort=loss"),
    });
  }
});

test("columns hold every row, and are sent again only when something changed", async () => {
  const response = await api("boards/big/columns");
  const { columns, checkpoints } = boardColumnsSchema.parse(await response.json());
  expect(checkpoints).toBe(ROWS);
  const rows = new Map((await allPages("limit=500")).map((row) => [row.checkpoint, row]));
  columns.checkpoint.forEach((id, i) => {
    const row = rows.get(id)!;
    expect(columns.name[i]).toBe(row.name);
    expect(columns.step[i]).toBe(row.step);
    expect(columns.measures["fisher-trace"]!.value[i]).toBe(row.measures["fisher-trace"]!.value);
    expect(columns.tasks["parity"]!.value[i]).toBe(row.tasks["parity"]!.value);
  });
  for (const list of [
    columns.run,
    columns.family,
    columns.addedAt,
    columns.measures["loss"]!.standardError,
  ]) {
    expect(list).toHaveLength(ROWS);
  }
  const etag = response.headers.get("ETag")!;
  const again = await api("boards/big/columns", { headers: { "If-None-Match": etag } });
  expect(again.status).toBe(304);
  expect(again.headers.get("ETag")).toBe(etag);
  expect(await again.text()).toBe("");
  expect((await api("boards/big/columns", { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
});

test("columns say which run a run goes on from, where the card has it as text", async () => {
  await api("suites", { token: owner, json: JSON.parse(suiteText("origins@1")) });
  const results = await Promise.all(
    ["adamw-1", 7, true, null].map(async (startedFrom, i) => {
      const result = await syntheticResult({
        suite: suiteText("origins@1"),
        model: 5000 + i,
        name: `m${i}`,
        run: `r${i}`,
      });
      return {
        ...result,
        checkpoint: { ...result.checkpoint, card: { ...result.checkpoint.card, startedFrom } },
      };
    }),
  );
  expect((await api("import", { token: owner, json: results })).status).toBe(200);
  const { columns } = boardColumnsSchema.parse(await (await api("boards/origins/columns")).json());
  const found = columns.name.map((name, i) => [name, columns.startedFrom[i]]).sort();
  expect(found).toEqual([
    ["m0", "adamw-1"],
    ["m1", null],
    ["m2", null],
    ["m3", null],
  ]);
});

test("CSV is the whole board in order, and no cell is a formula", async () => {
  const suite = suiteText("cells@1");
  await api("suites", { token: owner, json: JSON.parse(suite) });
  const names = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", 'say "hi", twice', "＝1+1", "plain"];
  const results = await Promise.all(
    names.map((name, i) =>
      syntheticResult({ suite, model: 5000 + i, name, loss: i, fisher: i === 0 ? null : -i }),
    ),
  );
  expect((await api("import", { token: owner, json: results })).status).toBe(200);
  const response = await api("boards/cells?format=csv&sort=loss&limit=1");
  expect(response.headers.get("Content-Type")).toBe("text/csv; charset=utf-8");
  expect(response.headers.get("Content-Disposition")).toBe('attachment; filename="cells@1.csv"');
  const text = await response.text();
  const lines = text.split("\r\n");
  expect(lines[0]).toBe(
    "checkpoint,name,run,family,step,parameters,sha256,origin,owner,addedAt,loss,loss standard error,loss tier," +
      "fisher-trace,fisher-trace standard error,fisher-trace tier,hessian-trace,hessian-trace standard error," +
      "hessian-trace tier,task:parity,task:parity standard error,task:parity tier,task:pairs," +
      "task:pairs standard error,task:pairs tier,tiers up to date",
  );
  const shown = [
    '"\'=HYPERLINK(""http://x"")"',
    "'+1",
    "'-1",
    "'@SUM(A1)",
    '"say ""hi"", twice"',
    "'＝1+1",
    "plain",
  ];
  for (const [i, cell] of shown.entries()) {
    const afterId = lines[i + 1]!.slice(16);
    expect(afterId.startsWith(`,${cell},,`), afterId).toBe(true);
  }
  expect(lines[1]).toMatch(/,0,0\.01235,1?,,,,12,0\.01235,/);
  // Numbers are numbers, even negative ones.
  expect(lines[2]).toMatch(/,1,0\.01235,\d?,-1,0\.01235,\d?,12,/);
  const standing = async (upToDate: boolean) => {
    await bindings.DB.prepare("UPDATE suites SET tiers_computed = tiers_wanted - ? WHERE id = 'cells@1'")
      .bind(upToDate ? 0 : 1)
      .run();
    const rows = (await (await api("boards/cells?format=csv")).text()).trim().split("\r\n").slice(1);
    return new Set(rows.map((row) => row.slice(row.lastIndexOf(",") + 1)));
  };
  expect(await standing(false)).toEqual(new Set(["no"]));
  expect(await standing(true)).toEqual(new Set(["yes"]));
  const whole = await (await api("boards/big?format=csv&sort=fisher-trace")).text();
  expect(whole.trim().split("\r\n")).toHaveLength(ROWS + 1);
});

test("every read of a board goes through an index, and none is sorted anew", async () => {
  const suite = await requireSuite(bindings.DB, "big");
  const position = { value: 1, checkpoint: "a".repeat(16) };
  for (const sort of Object.keys(VALUES)) {
    for (const order of ["asc", "desc"] as const) {
      for (const part of ["defined", "undefined"] as const) {
        const after = part === "defined" ? position : { ...position, value: null };
        const by = boardOrder(suite, { sort, order });
        if (part === "undefined" && !by.nullable) continue;
        const { sql, bound } = rowsQuery(by, {}, part, after, 100);
        const { results } = await bindings.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .bind(...bound)
          .all<{ detail: string }>();
        const plan = results.map(({ detail }) => detail).join("; ");
        expect(plan).toMatch(/^SEARCH [sr] USING (COVERING )?INDEX/);
        expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
      }
    }
  }
});

test("a filter is found through an index too", async () => {
  const suite = await requireSuite(bindings.DB, "big");
  for (const sort of ["loss", "task:parity", "name"]) {
    for (const filters of [
      { family: "odd" },
      { run: "run 1" },
      { name: "1" },
      { owner: "owner" },
      { minStep: 3, maxStep: 9 },
      { maxParameters: 100 },
      { minLoss: 1.5 },
    ]) {
      const { sql, bound } = rowsQuery(boardOrder(suite, { sort }), filters, "defined", null, 100);
      const plan = await bindings.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...bound)
        .all<{ detail: string }>();
      expect(plan.results.map(({ detail }) => detail).join("; ")).not.toContain("SCAN");
    }
  }
});

test("there is no board of a suite that was not published", async () => {
  for (const path of ["boards/none", "boards/none@1/columns", "boards/big@2"]) {
    expect(await problemOf(await api(path))).toMatchObject({ status: 404, code: "no-such-suite" });
  }
  expect(await problemOf(await api("checkpoints/aaaaaaaaaaaaaaaa"))).toMatchObject({ status: 404 });
  expect(await problemOf(await api("checkpoints/aaaaaaaaaaaaaaaa/results/big"))).toMatchObject({
    status: 404,
  });
  expect(await problemOf(await api("checkpoints/1%27--"))).toMatchObject({ status: 400 });
});
