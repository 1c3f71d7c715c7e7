import { expect, test } from "vitest";
import type { Audit } from "../../../../../shared/api/work.ts";
import { isOpen, outcomeText, sortedReplays, standingText, workerNames } from "./audit-words.ts";

const replay = (shard: string, change: Partial<Audit["replays"][number]> = {}): Audit["replays"][number] => ({
  ...{ shard, maker: "maker", state: "done", counts: true, by: "other", label: "Ada’s GPU", agrees: true },
  ...{ detail: "loss 0 apart", endedAt: "2026-11-23T21:04:09Z" },
  ...change,
});

test("how many of the drawn shards agree, and what that means", () => {
  const waiting = replay("b", { state: "open", by: null, label: null, agrees: null });
  const voided = replay("c", { counts: false, agrees: false });
  const some = { standing: "unverified" as const, workers: [], replays: [replay("a"), waiting, voided] };
  expect(standingText(some)).toContain("2 shards by chance to be run again by others: 1 agree so far");
  expect(standingText({ ...some, replays: [] })).toContain("nothing of it was run again");
  expect(standingText({ ...some, standing: "replicated", replays: [replay("a")] })).toContain(
    "1 shard by chance",
  );
  expect(isOpen(some)).toBe(true);
  expect(isOpen({ standing: "replicated", replays: [replay("a")] })).toBe(false);
});

test("why there are no numbers", () => {
  const worker = {
    worker: "maker",
    label: "lab 2",
    device: "cpu" as const,
    shards: 3,
    redone: 3,
    seconds: 2,
  };
  const cutOff = { at: "2026-11-23T21:04:09Z", reason: "x" };
  const none = { standing: null, replays: [] };
  expect(standingText({ ...none, workers: [{ ...worker, cutOff: null }] })).toBe("It has no numbers yet.");
  expect(standingText({ ...none, workers: [{ ...worker, cutOff }] })).toContain("computed anew");
});

test("a replay that does not count is no agreement", () => {
  expect(outcomeText(replay("a"))).toBe("agrees");
  expect(outcomeText(replay("a", { agrees: false }))).toBe("disagrees");
  expect(outcomeText(replay("a", { counts: false, agrees: true }))).toBe("agrees; no longer counts");
  expect(outcomeText(replay("a", { state: "leased", agrees: null }))).toBe("being run");
});

test("disagreements come first, the others as they were drawn", () => {
  const order = sortedReplays([replay("a"), replay("b", { agrees: false }), replay("c")]);
  expect(order.map(({ shard }) => shard)).toEqual(["b", "a", "c"]);
});

test("workers go by their labels", () => {
  const worker = { device: "cpu" as const, shards: 3, redone: 0, seconds: 2, cutOff: null };
  const names = workerNames({
    workers: [{ worker: "maker", label: "lab 2", ...worker }],
    replays: [replay("a")],
  });
  expect(["maker", "other", "edge", "unknown"].map(names)).toEqual([
    "lab 2",
    "Ada’s GPU",
    "the edge",
    "unknown",
  ]);
});
