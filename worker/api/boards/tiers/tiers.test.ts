import { expect, test } from "vitest";
import {
  boardColumnsSchema,
  boardPageSchema,
  type BoardColumns,
  type BoardRow,
} from "../../../../shared/api/boards.ts";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { rankIntoTiers, type Tiers } from "../../../../shared/statistics/index.ts";
import { answersOf, examplesOf } from "../../../../shared/statistics/study.ts";
import { bindings } from "../../testing/bindings.ts";
import { DESIGN, groupedSuite, resultOf } from "../../testing/grouped-suite.ts";
import { api, owner } from "../../testing/request.ts";
import { suiteText, syntheticResult } from "../../testing/small-suite.ts";
import { MOST_TIERS } from "./rank-score.ts";
import { MOST_PAIRED, recomputeStaleTiers, recomputeTiers } from "./recompute.ts";

const publish = (suite: string) => api("suites", { token: owner, json: JSON.parse(suite) });

async function bringIn(results: readonly Result[], query = ""): Promise<void> {
  const response = await api(`import${query}`, { token: owner, json: results });
  expect(response.status, await response.clone().text()).toBe(200);
  await response.body?.cancel();
}

async function settled(suite: string): Promise<void> {
  await expect.poll(() => recomputeTiers(bindings, suite), { timeout: 20_000 }).toBe("current");
}

async function rowsOf(suite: string): Promise<BoardRow[]> {
  const page = boardPageSchema.parse(await (await api(`boards/${suite}?limit=500`)).json());
  expect(page.tiers.upToDate).toBe(true);
  return page.rows;
}

const numbered = ({ tiers }: Tiers) =>
  Object.fromEntries(tiers.flatMap((tier, i) => tier.map(({ id }) => [id, i + 1])));

const shown = (rows: readonly BoardRow[], score: string) =>
  Object.fromEntries(rows.flatMap(({ name, tiers }) => (tiers[score] ? [[name, tiers[score]]] : [])));

/** Straight from the results, without packs or board. */
function expected(results: readonly Result[], score: "loss" | "fisher-trace" | "task:pairs"): Tiers {
  const task = score === "task:pairs";
  return rankIntoTiers({
    better: task ? "higher" : "lower",
    candidates: results.map((result) => {
      const examples = task ? answersOf(result, "pairs") : examplesOf(result, score);
      const found = task ? result.zeroShot!["pairs"]!.accuracy! : result.measures[score]!;
      if (found.value === null) throw new Error("undefined");
      const { value, standardError } = found;
      return { id: result.checkpoint.card!.name!, ...(examples && { examples }), value, standardError };
    }),
    ...(!task && DESIGN),
  });
}

test("tiers are those of the statistics, and follow what comes, changes, hides and leaves", async () => {
  const suite = groupedSuite("tiered@1");
  await publish(suite);
  const shifts = [0, 0.01, 0.05, 0.06, 0.3, 0.31, 0.9];
  const results = await Promise.all(shifts.map((shift, i) => resultOf(suite, { model: i, shift })));
  await bringIn(results);
  await settled("tiered@1");
  const compare = async (of: readonly Result[]) => {
    const rows = await rowsOf("tiered");
    for (const score of ["loss", "fisher-trace", "task:pairs"] as const) {
      expect(shown(rows, score), score).toEqual(numbered(expected(of, score)));
    }
    expect(shown(rows, "hessian-trace")).toEqual({});
    return rows;
  };
  const before = await compare(results);
  // Paired comparisons tell apart what separate errors of 0.3 never could.
  expect(new Set(Object.values(shown(before, "loss"))).size).toBeGreaterThan(2);
  const page = boardPageSchema.parse(await (await api("boards/tiered")).json());
  expect(page.tiers).toEqual({
    upToDate: true,
    methods: {
      loss: "paired",
      "fisher-trace": "paired",
      "hessian-trace": "none",
      "task:parity": "paired",
      "task:pairs": "paired",
    },
  });

  const better = await resultOf(suite, { model: 100, shift: -0.5 });
  const etag = (await api("boards/tiered")).headers.get("ETag");
  await bringIn([better]);
  await settled("tiered@1");
  expect((await api("boards/tiered")).headers.get("ETag")).not.toBe(etag);
  expect(shown(await compare([...results, better]), "loss")["model 100"]).toBe(1);

  const worse = await resultOf(suite, { model: 0, shift: 2 });
  await bringIn([worse], "?replace=true");
  await settled("tiered@1");
  const changed = [worse, ...results.slice(1), better];
  await compare(changed);

  const { checkpoint } = (await rowsOf("tiered")).find(({ name }) => name === "model 100")!;
  await api(`boards/tiered/rows/${checkpoint}/hide`, {
    token: owner,
    json: { reason: "trained on the suite" },
  });
  await settled("tiered@1");
  await compare(changed.slice(0, -1));
  await api(`boards/tiered/rows/${checkpoint}/show`, { method: "POST", token: owner });
  await settled("tiered@1");
  const rows = await compare(changed);

  const gone = rows.find(({ name }) => name === "model 3")!.checkpoint;
  await bindings.DB.prepare("DELETE FROM results WHERE checkpoint = ?").bind(gone).run();
  await settled("tiered@1");
  await compare(changed.filter((_, i) => i !== 3));
});

test("columns and CSV have the tiers of the rows", async () => {
  const rows = await rowsOf("tiered");
  const { columns, tiers } = boardColumnsSchema.parse(
    await (await api("boards/tiered/columns")).json(),
  ) satisfies BoardColumns;
  expect(tiers.upToDate).toBe(true);
  const [head, ...lines] = (await (await api("boards/tiered?format=csv&sort=loss")).text())
    .trim()
    .split("\r\n");
  const column = head!.split(",").indexOf("loss tier");
  rows.forEach((row, i) => {
    const at = columns.checkpoint.indexOf(row.checkpoint);
    expect(columns.measures["loss"]!.tier[at]).toBe(row.tiers["loss"]);
    expect(columns.measures["hessian-trace"]!.tier[at]).toBeNull();
    expect(columns.tasks["pairs"]!.tier[at]).toBe(row.tiers["task:pairs"]);
    expect(lines[i]!.split(",")[column]).toBe(String(row.tiers["loss"]));
  });
});

test("a row without per-example values is compared by its error, and the board says so", async () => {
  const suite = groupedSuite("mixed@1");
  await publish(suite);
  const results = await Promise.all(
    [0, 0.2, 5].map((shift, model) => resultOf(suite, { model, shift, vectors: model < 2 })),
  );
  // An error that no one could have.
  const impossible = await resultOf(suite, { model: 3, shift: 1, vectors: false });
  Object.assign(impossible.measures["loss"]!, { standardError: -1 });
  await bringIn([...results, impossible]);
  await settled("mixed@1");
  const board = boardPageSchema.parse(await (await api("boards/mixed")).json());
  expect(board.tiers.methods).toMatchObject({ loss: "mixed", "task:pairs": "paired" });
  expect(shown(board.rows, "loss")).toEqual({ "model 0": 1, "model 1": 2, "model 2": 3, "model 3": 1 });
});

test("until tiers are computed a row has none, and the board says that they are behind", async () => {
  const suite = groupedSuite("behind@1");
  await publish(suite);
  await bringIn([await resultOf(suite, { model: 1, shift: 0 })]);
  await settled("behind@1");
  await bindings.DB.prepare("UPDATE suites SET tiers_lease = ? WHERE id = 'behind@1'")
    .bind(Date.now() + 60_000)
    .run();
  await bringIn([await resultOf(suite, { model: 2, shift: 1 })]);
  expect(await recomputeTiers(bindings, "behind@1")).toBe("later");
  const { tiers, rows } = boardPageSchema.parse(await (await api("boards/behind")).json());
  expect(tiers.upToDate).toBe(false);
  expect(rows.map((row) => row.tiers["loss"])).toEqual([1, undefined]);
  // Whoever held it died: its time runs out.
  await bindings.DB.prepare("UPDATE suites SET tiers_lease = ? WHERE id = 'behind@1'").bind(Date.now()).run();
  await recomputeStaleTiers(bindings);
  expect((await rowsOf("behind")).map((row) => row.tiers["loss"])).toEqual([1, 2]);
});

test("a row that the compute worker wrote has its tiers once someone reads the board", async () => {
  const before = await rowsOf("tiered");
  await bindings.DB.batch([
    bindings.DB.prepare("UPDATE results SET tiers = NULL WHERE suite = 'tiered@1'"),
    bindings.DB.prepare("UPDATE suites SET tiers_wanted = tiers_wanted + 1 WHERE id = 'tiered@1'"),
  ]);
  const read = async () =>
    boardPageSchema.parse(await (await api("boards/tiered?limit=500")).json()).rows.map(({ tiers }) => tiers);
  await expect.poll(read, { timeout: 20_000 }).toEqual(before.map(({ tiers }) => tiers));
});

test("what was packed is lost: it is made again from the results", async () => {
  const { objects } = await bindings.BLOBS.list({ prefix: "tiers/tiered@1/" });
  expect(objects.map(({ key }) => key).filter((key) => key.endsWith(".f32"))).toHaveLength(1);
  const before = await rowsOf("tiered");
  await bindings.BLOBS.delete(objects.map(({ key }) => key));
  await bindings.DB.batch([
    bindings.DB.prepare("UPDATE results SET tiers = NULL WHERE suite = 'tiered@1'"),
    bindings.DB.prepare("UPDATE suites SET tiers_wanted = tiers_wanted + 1 WHERE id = 'tiered@1'"),
  ]);
  await settled("tiered@1");
  expect(await rowsOf("tiered")).toEqual(before);
});

test("a board of more rows than are compared in pairs has tiers by errors, and not without end", async () => {
  const suite = suiteText("many@1");
  await publish(suite);
  const [template] = [await syntheticResult({ suite, model: 1, name: "a" })];
  await bringIn([template]);
  await settled("many@1");
  const more = MOST_PAIRED + 1;
  await bindings.DB.batch([
    bindings.DB.prepare(
      "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO checkpoints " +
        "(id, sha256, name, parameters, visibility, added_at) SELECT printf('%016d', i), printf('%064d', i), 'n', 1, " +
        "'private', 0 FROM n",
    ).bind(more),
    bindings.DB.prepare(
      "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO results (suite, " +
        "checkpoint, name, folded_name, parameters, model_sha256, result_sha256, origin, scores, added_at) " +
        "SELECT r.suite, printf('%016d', i), 'n', 'n', 1, printf('%064d', i), printf('%064d', i), 'imported', " +
        "json_set(r.scores, '$.measures.loss.value', 2 + i), 0 FROM n CROSS JOIN results r WHERE r.suite = 'many@1' " +
        "AND r.name = 'a'",
    ).bind(more),
  ]);
  expect(await recomputeTiers(bindings, "many@1")).toBe("later");
  const patience = bindings.DB.prepare("UPDATE suites SET tiers_at = 0 WHERE id = 'many@1'");
  await patience.run();
  await settled("many@1");
  const { tiers, rows } = boardPageSchema.parse(await (await api("boards/many?limit=200")).json());
  expect(tiers.methods["loss"]).toBe("unpaired");
  expect(rows.map((row) => row.tiers["loss"])).toEqual(
    rows.map((_, i) => (i < MOST_TIERS ? i + 1 : undefined)),
  );
});
