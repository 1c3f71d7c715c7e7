import { expect, test } from "vitest";
import type { EvaluationSummary } from "../../../shared/api/evaluations.ts";
import { goingOn, standing } from "./going-on.ts";

const evaluation = (changes: Partial<EvaluationSummary>): EvaluationSummary => ({
  id: "aaaaaaaaaaaaaaaa",
  checkpoint: "bbbbbbbbbbbbbbbb",
  suite: "small@1",
  state: "running",
  stage: "measuring",
  reason: null,
  device: "edge",
  attempt: 1,
  progress: { share: 0.239, shards: { done: 1, total: 4 } },
  createdAt: "2026-11-23T10:00:00.000Z",
  startedAt: null,
  endedAt: null,
  shardSeconds: 0,
  resultSha256: null,
  ...changes,
});

test("a checkpoint's newest evaluation counts: what finished since is no failure any more", () => {
  const failed = evaluation({ checkpoint: "1", state: "failed" });
  const finished = evaluation({ checkpoint: "1", state: "finished", createdAt: "2026-11-23T11:00:00.000Z" });
  expect(goingOn([finished, failed])).toEqual([]);
  expect(goingOn([failed, finished])).toEqual([]);
  const again = evaluation({ checkpoint: "1", state: "failed", createdAt: "2026-11-23T12:00:00.000Z" });
  expect(goingOn([failed, finished, again])).toEqual([again]);
});

test("what goes on comes before what failed, the newest first", () => {
  const list = [
    evaluation({ checkpoint: "1", state: "failed", createdAt: "2026-11-23T13:00:00.000Z" }),
    evaluation({ checkpoint: "2", state: "queued", createdAt: "2026-11-23T11:00:00.000Z" }),
    evaluation({ checkpoint: "3", state: "running", createdAt: "2026-11-23T12:00:00.000Z" }),
  ];
  expect(goingOn(list).map(({ checkpoint }) => checkpoint)).toEqual(["3", "2", "1"]);
});

test("in words", () => {
  expect(standing(evaluation({}))).toMatch(/^measuring, 23 %, \d+ of \d+ pieces$/);
  expect(standing(evaluation({ state: "queued", stage: null, attempt: 2 }))).toBe("queued, attempt 2");
  expect(standing(evaluation({ state: "queued", stage: null, device: "lent" }))).toBe(
    "waiting for a lent machine",
  );
  expect(standing(evaluation({ state: "failed", stage: "probing" }))).toBe("failed while fitting probes");
  expect(standing(evaluation({ state: "failed", stage: null }))).toBe("failed");
});
