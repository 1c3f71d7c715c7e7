import { expect, test } from "vitest";
import { alignPoints, table } from "./table.ts";

test("decimal points stand below one another", () => {
  expect(alignPoints(["1940", "74.1", "0.034", "–", ""])).toEqual([
    "1940    ",
    "  74.1  ",
    "   0.034",
    "   –    ",
    "",
  ]);
});

test("a wide table is cut into blocks that repeat the first column", () => {
  const column = (head: string, cells: string[]) => ({ head, cells, align: "right" as const });
  const columns = [
    { head: "model", cells: ["a", "b"], align: "left" as const },
    column("loss", ["1.0", "12.0"]),
    column("Fisher\ntrace", ["5", "6"]),
  ];
  expect(table(columns, 20)).toEqual([
    "             Fisher",
    "model  loss   trace",
    "───────────────────",
    "a       1.0       5",
    "b      12.0       6",
  ]);
  expect(table(columns, 15)).toEqual([
    ...["model  loss", "───────────", "a       1.0", "b      12.0", ""],
    ...["       Fisher", "model   trace", "─────────────", "a           5", "b           6"],
  ]);
});
