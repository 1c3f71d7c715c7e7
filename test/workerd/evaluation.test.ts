import { answerOf, bindings, board, ended, migrate, startEvaluation, upload } from "./board.ts";
import { beforeAll, expect, inject, test } from "vitest";
import { boardPageSchema } from "../../shared/api/boards.ts";
import { resultSchema } from "../../shared/evaluate/result-schema.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { publishSuite } from "../../worker/api/suites/publish.ts";
import { zooModel } from "../../worker/api/testing/models.ts";
import { smallSuite } from "../support/small-suite.ts";
import type {} from "../conformance/provided.d.ts";

const MODEL = "adamw-d32-s1-step-9000";

beforeAll(async () => {
  await migrate();
  await publishSuite(bindings, formatSuite(smallSuite()), Date.now());
});

test("from an upload to the row on the board, through the queue: as on a machine of one's own", async () => {
  const checkpoint = await upload(await zooModel(MODEL), "first");
  const id = await startEvaluation(checkpoint, "small");
  const end = await ended(id);
  expect(end).toMatchObject({ state: "finished", reason: null, progress: { share: 1 } });
  expect(end.progress.shards.total).toBeGreaterThan(3);

  const file = await board("GET", `checkpoints/${checkpoint}/results/small`);
  const result = resultSchema.parse(await answerOf(file));
  expect(result.receipt).toEqual(end.receipt);
  expect(result.runtime).toEqual({ device: "workerd", ort: end.receipt!.versions.onnxruntime });
  const native = inject("nativeResult");
  expect(result.receipt.epsilon).toEqual(native.receipt.epsilon);
  const value = (from: typeof result, measure: string) => from.measures[measure]!.value!;
  const fisher = value(native, "fisher-trace");
  for (const measure of Object.keys(native.measures)) {
    const difference = Math.abs(value(result, measure) - value(native, measure));
    // Second differences of a converged model cancel; what is left over is compared with the Fisher trace.
    const [scale, tolerance] = measure.startsWith("hessian")
      ? [Math.max(fisher, Math.abs(value(native, measure))), 3e-3]
      : [Math.abs(value(native, measure)), 1e-4];
    expect(difference / scale, measure).toBeLessThan(tolerance);
  }
  for (const [task, probe] of Object.entries(native.probes!)) {
    const { accuracy } = result.probes![task]!;
    // A sentence on the border may fall to either side.
    expect(Math.abs(accuracy!.value - probe.accuracy!.value), task).toBeLessThan(0.03);
  }
  for (const [task, { accuracy }] of Object.entries(native.zeroShot!)) {
    expect(result.zeroShot![task]!.accuracy!.value, task).toBe(accuracy!.value);
  }

  const { rows } = boardPageSchema.parse(await answerOf(await board("GET", "boards/small")));
  expect(rows).toMatchObject([
    {
      checkpoint,
      name: "first",
      origin: "edge",
      measures: { "fisher-trace": { value: value(result, "fisher-trace") } },
    },
  ]);

  // Nothing is left over.
  expect((await bindings.BLOBS.list({ prefix: "evaluations/" })).objects).toEqual([]);
  expect(await bindings.DB.prepare("SELECT count(*) AS count FROM shards").first("count")).toBe(0);
});
