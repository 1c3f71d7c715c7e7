import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NO_FILTERS } from "./filters.ts";
import { readView, USUAL_VIEW, writeView, type View } from "./view.ts";

const read = (query: string) => readView(new URLSearchParams(query));

test("the usual view has an empty query, and an empty query is the usual view", () => {
  expect(writeView(USUAL_VIEW).toString()).toBe("");
  expect(read("")).toEqual({ view: USUAL_VIEW, complaints: [] });
});

const view: fc.Arbitrary<View> = fc.record({
  filters: fc.record({
    name: fc.string({ maxLength: 20 }),
    family: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 10 })),
    run: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 10 })),
    owner: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 10 })),
    minParameters: fc.option(fc.nat()),
    maxParameters: fc.option(fc.nat()),
    minStep: fc.option(fc.nat()),
    maxStep: fc.option(fc.nat()),
    minLoss: fc.option(fc.constantFrom(0, 1.5, 1e-7)),
    maxLoss: fc.option(fc.constantFrom(0.25, 1e21)),
  }),
  sort: fc.option(fc.constantFrom("name", "fisher-trace", "task:task-A")),
  order: fc.option(fc.constantFrom("asc", "desc")),
  columns: fc.option(fc.uniqueArray(fc.constantFrom("run", "loss", "task:pairs"), { minLength: 1 })),
  group: fc.constantFrom("seeds", "none"),
  x: fc.option(fc.constantFrom("loss", "task:task-B")),
  y: fc.option(fc.constantFrom("step", "hessian-trace")),
  colour: fc.constantFrom("family", "run"),
  log: fc.uniqueArray(fc.constantFrom("x", "y")),
  plot: fc.constantFrom("shown", "hidden"),
  window: fc.constantFrom<View["window"]>(
    "densest",
    "off",
    { low: 0.0289, high: 0.0389 },
    { low: -1, high: 2 },
  ),
  selected: fc.uniqueArray(fc.constantFrom("3atayawe7rwldq2w", "kj4cyyznq46lc3cx")),
});

test("every view is a link", () => {
  fc.assert(
    fc.property(view, (each) => {
      const link = writeView(each).toString();
      expect(read(link)).toEqual({ view: each, complaints: [] });
    }),
  );
});

test.each([
  ["sort=Fisher Trace", "sort=Fisher Trace: expected a field"],
  ["order=up", "order=up: "],
  ["window=3,1", "the lower end is above"],
  ["window=1", "window=1: "],
  ["window=a,b", "window=a,b: "],
  ["minLoss=0x10", "expected a number"],
  ["maxStep=Infinity", "expected a number"],
  ["selected=abc", "selected=abc: "],
  ["banana=1", "“banana” is nothing"],
  ["__proto__=1", "“__proto__” is nothing"],
  ["constructor=1", "“constructor” is nothing"],
  ["family=", "family=: "],
])("%s is told and survived", (query, words) => {
  const { view, complaints } = read(`${query}&colour=run`);
  expect(view).toEqual({ ...USUAL_VIEW, colour: "run" });
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toContain(words);
});

test("nothing in a query breaks reading, and what comes out can be written", () => {
  const keys = fc.oneof(
    fc.constantFrom("sort", "window", "columns", "family", "selected", "log"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, fc.string({ unit: "binary" }))), (pairs) => {
      const { view: found } = readView(new URLSearchParams(pairs));
      expect(readView(writeView(found))).toEqual({ view: found, complaints: [] });
    }),
  );
});

test("a long value is cut in what is told", () => {
  const { complaints } = read(`sort=${"x".repeat(5000)}!`);
  expect(complaints[0]!.length).toBeLessThan(200);
});

test("filters are read one by one", () => {
  const { view, complaints } = read("family=a&family=b&family=a&minLoss=1.5&maxLoss=x");
  expect(view.filters).toEqual({ ...NO_FILTERS, family: ["a", "b"], minLoss: 1.5 });
  expect(complaints).toHaveLength(1);
});
