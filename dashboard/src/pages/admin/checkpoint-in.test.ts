import { expect, test } from "vitest";
import { checkpointIn } from "./checkpoint-in.ts";

const ID = "abcdefghij234567";

test.each([
  ID,
  ` ${ID}\n`,
  `/checkpoints/${ID}`,
  `https://board.example.org/checkpoints/${ID}`,
  `http://127.0.0.1:8787/checkpoints/${ID}/?suite=pcfg-mini#probes`,
])("%j", (text) => {
  expect(checkpointIn(text)).toBe(ID);
});

test.each([
  "",
  "abc",
  `${ID}x`,
  `/boards/${ID}`,
  "/checkpoints/0000000000000000",
  "http://[",
  "javascript:1",
])("%j is none", (text) => {
  expect(checkpointIn(text)).toBeNull();
});
