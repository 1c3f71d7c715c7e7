import { bindings, ended, migrate, startEvaluation, upload } from "./board.ts";
import { beforeAll, expect, test } from "vitest";
import type { Evaluation } from "../../shared/api/evaluations.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { publishSuite } from "../../worker/api/suites/publish.ts";
import { BASE_BYTES, BUDGET_BYTES } from "../../worker/edge/accounting.ts";
import { memory } from "../../worker/edge/runtime.ts";
import { smallSuite } from "../support/small-suite.ts";
import { transformer } from "../support/transformer.ts";

const suite = smallSuite();

beforeAll(async () => {
  await migrate();
  await publishSuite(bindings, formatSuite(suite), Date.now());
});

async function evaluate(layers: number, width: number): Promise<Evaluation & { readonly bytes: number }> {
  const vocabulary = suite.definition.vocabulary.size;
  const { bytes } = transformer({ layers, width, heads: 8, vocabulary, positions: 16 });
  const end = await ended(await startEvaluation(await upload(bytes, `${layers} × ${width}`), "small"));
  return { ...end, bytes: bytes.byteLength };
}

test("a model of 20 MB is evaluated within what an isolate may take", async () => {
  const end = await evaluate(6, 272);
  expect(end.bytes).toBeGreaterThan(20_000_000);
  expect(end).toMatchObject({ state: "finished", reason: null, receipt: { batch: 8 } });
  expect(memory.peakBytes).toBeGreaterThan(BASE_BYTES + end.bytes);
  expect(memory.peakBytes).toBeLessThanOrEqual(BUDGET_BYTES);
});

test("one that needs more says so, and the next one is evaluated", async () => {
  // Deep and narrow, so that much is held beside the weights.
  const end = await evaluate(30, 128);
  expect(end).toMatchObject({ state: "failed", stage: "preparing", attempt: 1 });
  expect(end.reason).toMatch(/too big here|The edge has/);
  expect(await evaluate(1, 64)).toMatchObject({ state: "finished", reason: null });
  expect(memory.peakBytes).toBeLessThanOrEqual(BUDGET_BYTES);
});
