import { expect, test } from "vitest";
import type { ComparisonOfCheckpoints } from "../../../../shared/api/compare.ts";
import { comparisonCsv } from "./comparison-csv.ts";

const row = (checkpoint: string, value: number | null) => ({
  ...{ checkpoint, name: `=${checkpoint}`, tasks: {} },
  measures: {
    loss: value === null ? { value, reason: "x" } : { value, standardError: 0.5, directionError: null },
  },
});
const comparison = {
  checkpoints: [row("a", 2), row("b", 1.5), row("c", null)],
  scores: [
    {
      ...{ score: "loss", better: "lower" },
      pairs: [
        {
          ...{ first: "a", second: "b", method: "paired", difference: 0.5, standardError: 0.1 },
          ...{ interval: [0.3, 0.7], pValue: 0.001, adjustedPValue: 0.002, reason: null },
        },
      ],
    },
  ],
} as unknown as ComparisonOfCheckpoints;

test("each score of each checkpoint, with its difference from the reference", () => {
  const [head, ...lines] = comparisonCsv(comparison, "a").trim().split("\r\n");
  expect(head!.split(",")).toHaveLength(13);
  // What would be taken for a formula is not.
  expect(lines).toEqual([
    "loss,lower,a,'=a,2,0.5,,,,,,,",
    "loss,lower,b,'=b,1.5,0.5,a,-0.5,0.1,-0.7,-0.3,0.002,yes",
    "loss,lower,c,'=c,,,,,,,,,",
  ]);
});
