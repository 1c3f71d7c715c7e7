import { expect, test } from "vitest";
import { replayCommands } from "./replay.ts";

const options = { server: "https://board.example", checkpoint: "abcdefghijklmnop", suite: "pcfg-mini@1" };

test("what to fetch, and the command that replays it", () => {
  const lines = replayCommands({ ...options, weights: true }).split("\n");
  expect(lines[2]).toBe(
    "curl -sfo abcdefghijklmnop.onnx https://board.example/api/v1/checkpoints/abcdefghijklmnop/file",
  );
  expect(lines[3]).toBe(
    "npx plateau verify abcdefghijklmnop.json abcdefghijklmnop.onnx --suite pcfg-mini@1.json",
  );
});

test("private weights are not fetched", () => {
  expect(replayCommands({ ...options, weights: false })).toContain("# abcdefghijklmnop.onnx: the weights");
});
