import { expect, test } from "vitest";
import { replayCommands } from "./replay.ts";

const options = { server: "https://board.example", checkpoint: "abcdefghijklmnop", suite: "pcfg-mini@1" };

test("what to fetch, and the command that replays it", () => {
  const lines = replayCommands({ ...options, weights: "public" }).split("\n");
  expect(lines[2]).toBe(
    "curl -fsSo abcdefghijklmnop.onnx https://board.example/api/v1/checkpoints/abcdefghijklmnop/file",
  );
  expect(lines[3]).toBe(
    "npx plateau verify abcdefghijklmnop.json abcdefghijklmnop.onnx --suite pcfg-mini@1.json",
  );
});

test("weights that the board does not give are not fetched", () => {
  for (const [weights, who] of [
    ["private", "its owner"],
    ["elsewhere", "whoever computed"],
  ] as const) {
    const commands = replayCommands({ ...options, weights });
    expect(commands).toContain(`# abcdefghijklmnop.onnx is the file of the weights, which ${who}`);
    expect(commands.match(/^curl/gm)).toHaveLength(2);
  }
});
