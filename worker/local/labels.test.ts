import { expect, test } from "vitest";
import { labels, shortened } from "./labels.ts";

test.each<[paths: string[], expected: string[]]>([
  [["/data/step-1.onnx"], ["step-1"]],
  [
    ["/data/step-1.onnx", "other/step-2.ONNX"],
    ["step-1", "step-2"],
  ],
  [
    ["run/step-1/model.onnx", "run/step-2/model.onnx"],
    ["step-1", "step-2"],
  ],
  [
    ["a/step-1.onnx", "b/step-1.onnx", "a/step-2.onnx"],
    ["a/step-1", "b/step-1", "a/step-2"],
  ],
  [
    ["same.onnx", "same.onnx"],
    ["same", "same"],
  ],
])("%j", (paths, expected) => {
  expect(labels(paths)).toEqual(expected);
});

test("long labels lose their middle", () => {
  expect(shortened("gpt2-step-10000", 20)).toBe("gpt2-step-10000");
  expect(shortened("gpt2-step-10000", 9)).toBe("gpt2…0000");
});
