import { expect, test } from "vitest";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import {
  MOST_OWN,
  ownNumber,
  ownResultOf,
  ownText,
  readOwnResults,
  withOwn,
  withoutOwn,
} from "./own-result.ts";
import { sampleBoard } from "./testing/sample-board.ts";

const board = sampleBoard([{ name: "other" }]);
const suite: PublishedSuite = board.suite;

const result = {
  checkpoint: {
    ...{ file: "mine.onnx", sha256: "a".repeat(64), parameters: 1200 },
    card: { run: "mine-s1", family: "", step: 500 },
  },
  measures: {
    loss: { value: 1.5, standardError: 0.02, unit: "nats/token" },
    "fisher-trace": { value: 40, standardError: null, directionError: 0.5, unit: "nats/token" },
  },
  probes: {},
} as unknown as Result;

const own = ownResultOf(result, suite, Date.UTC(2026, 10, 23));

test("the numbers of a row, by column", () => {
  expect(own).toMatchObject({ name: "mine", run: "mine-s1", family: null, suite: "small@1" });
  const number = (id: string) => ownNumber(own, board.column(id)!);
  expect(number("loss")).toEqual({ value: 1.5, error: 0.02 });
  expect(number("fisher-trace")).toEqual({ value: 40, error: 0.5 });
  // Not measured, and of no such name: undefined, not 0.
  expect(number("task:parity")).toEqual({ value: NaN, error: NaN });
  expect(ownNumber(own, { id: "constructor" })).toEqual({ value: NaN, error: NaN });
});

test("what is no score, in words", () => {
  const text = (id: string) => ownText(own, board.column(id)!);
  expect(text("run")).toBe("mine-s1");
  expect(text("family")).toBe("–");
  expect(text("step")).toBe("500");
  expect(text("parameters")).toBe("1.20k");
  expect(text("origin")).toBe("this browser");
  expect(text("added")).toBe("2026-11-23");
  expect(text("owner")).toBe("–");
});

test("what was kept is read again, and nonsense in it left out", () => {
  const text = JSON.stringify([own, { name: "broken" }, null]);
  expect(readOwnResults(text)).toEqual([own]);
  for (const nonsense of [null, "", "{", "{}", "7"]) expect(readOwnResults(nonsense)).toEqual([]);
});

test("a model has one place on a board, and there are not too many", () => {
  const again = { ...own, name: "again" };
  expect(withOwn([own], again)).toEqual([again]);
  const elsewhere = { ...own, suite: "other@1" };
  expect(withOwn([own], elsewhere)).toEqual([own, elsewhere]);
  const many = Array.from({ length: MOST_OWN }, (_, i) => ({ ...own, sha256: String(i) }));
  expect(withOwn(many, own)).toEqual([...many.slice(1), own]);
  expect(withoutOwn([own, elsewhere], own)).toEqual([elsewhere]);
});
