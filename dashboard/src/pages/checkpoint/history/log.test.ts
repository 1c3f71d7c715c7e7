import { expect, test } from "vitest";
import { logOf, timeText } from "./log.ts";

const [asked, begun, ended] = ["05", "06", "40"].map((second) => `2026-11-23T21:04:${second}.120Z`);
const known = {
  ...{ state: "running" as const, stage: "measuring" as const, attempt: 1, device: "edge" as const },
  ...{ createdAt: asked!, startedAt: null, endedAt: null, shardSeconds: 0 },
  progress: { share: 0.1, shards: { done: 3, total: 12 } },
};

test("what has not happened yet is not there", () => {
  expect(logOf({ ...known, state: "queued", stage: null }).map(({ text }) => text)).toEqual(["asked for"]);
  expect(logOf({ ...known, startedAt: begun! }).map(({ text }) => text)).toEqual([
    "asked for",
    "begun, on the board’s own edge",
  ]);
});

test("where it failed, at which attempt, after how much", () => {
  const failed = { ...known, state: "failed" as const, attempt: 2, startedAt: begun!, endedAt: ended! };
  expect(logOf({ ...failed, device: "lent" as const, shardSeconds: 75 }).map(({ text }) => text)).toEqual([
    "asked for",
    "begun, on lent workers",
    "failed while measuring loss and curvature at attempt 2: 3 of 12 pieces, 1 min 15 s of computing",
  ]);
});

test("times are universal, and say so", () => {
  expect(timeText(ended!)).toBe("2026-11-23 21:04:40 UTC");
});
