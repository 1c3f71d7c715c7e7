import { expect, test } from "vitest";
import { ModelTooBigError, PlateauError } from "../../../shared/errors.ts";
import { UnsupportedModelError } from "../../../shared/onnx/error.ts";
import { OverBudgetError } from "../accounting.ts";
import { LeaseLostError } from "../leases.ts";
import { RuntimeCrashedError, type Health } from "../wasm.ts";
import { failureOf, wantsEmptyHeap } from "./failure.ts";

test.each<[error: Error, health: Health, final: boolean, reason: string]>([
  [new UnsupportedModelError("No Loop, please."), "used", true, "No Loop, please."],
  [new ModelTooBigError("Too big."), "spent", true, "Too big."],
  [new RuntimeCrashedError("ONNX Runtime crashed (trap)."), "crashed", false, "ONNX Runtime crashed (trap)."],
  // Someone took a crash for what the model cannot do.
  [new UnsupportedModelError("It does not run."), "crashed", false, "ONNX Runtime crashed (incident 1234"],
  [new LeaseLostError("Stood still."), "used", false, "Stood still."],
  [new Error("D1_ERROR: secret"), "used", false, "incident 1234"],
  [new TypeError("x is undefined"), "used", false, "incident 1234"],
])("%s on a runtime that is %s", (error, health, final, reason) => {
  const failure = failureOf(error, health, "1234");
  expect(failure.final).toBe(final);
  expect(failure.reason).toContain(reason);
  expect(failure.reason).not.toContain("secret");
});

test("memory that others used up is no reason to give up", () => {
  expect(wantsEmptyHeap(new ModelTooBigError(""), "used")).toBe(true);
  expect(wantsEmptyHeap(new OverBudgetError(""), "used")).toBe(true);
  expect(wantsEmptyHeap(new ModelTooBigError(""), "fresh")).toBe(false);
  expect(wantsEmptyHeap(new PlateauError(""), "used")).toBe(false);
});
