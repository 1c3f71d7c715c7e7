import { bindings, ended, migrate, startEvaluation, upload } from "./board.ts";
import { expect, test } from "vitest";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import { publishSuite } from "../../worker/api/suites/publish.ts";
import { BASE_BYTES, BUDGET_BYTES } from "../../worker/edge/accounting.ts";
import { memory } from "../../worker/edge/runtime.ts";
import { smallSuite } from "../support/small-suite.ts";
import { transformer } from "../support/transformer.ts";

test("a model of 20 MB is evaluated within what an isolate may take", async () => {
  await migrate();
  const suite = smallSuite();
  const { size } = suite.definition.vocabulary;
  await publishSuite(bindings, formatSuite({ ...suite, tasks: suite.tasks }), Date.now());
  const { bytes } = transformer({ layers: 6, width: 272, heads: 8, vocabulary: size, positions: 16 });
  expect(bytes.byteLength).toBeGreaterThan(20_000_000);
  const id = await startEvaluation(await upload(bytes, "large"), "small");
  const end = await ended(id);
  expect(end).toMatchObject({ state: "finished", reason: null });
  expect(end.receipt!.batch).toBe(8);
  expect(memory.peakBytes).toBeGreaterThan(BASE_BYTES + bytes.byteLength);
  expect(memory.peakBytes).toBeLessThanOrEqual(BUDGET_BYTES);
});
