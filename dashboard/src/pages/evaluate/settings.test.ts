import { expect, test } from "vitest";
import { numberFault, numbersOf, ON_CORPORA, readSettings, USUAL } from "./settings.ts";

test("settings are kept as they were typed, and nonsense is forgotten", () => {
  const typed = { ...USUAL, on: "corpus" as const, seed: " 12 ", directions: "many" };
  expect(readSettings(JSON.stringify(typed))).toEqual(typed);
  for (const nonsense of [null, "", "{", "[]", JSON.stringify({ ...USUAL, measures: ["banana"] })]) {
    expect(readSettings(nonsense)).toEqual(USUAL);
  }
});

test("numbers are whole and within bounds, and faults say which", () => {
  expect(numbersOf({ ...USUAL, seed: " 12 " })).toEqual({ directions: 8, seed: 12, batch: 32 });
  for (const right of ["1", "1024", " 8 "]) expect(numberFault("directions", right)).toBeNull();
  for (const wrong of ["", "0", "1025", "1.5", "-1", "8 9", "1e2"]) {
    expect(numberFault("directions", wrong)).toBe(
      "The number of directions is a whole number from 1 to 1024.",
    );
  }
  expect(numberFault("seed", "0")).toBeNull();
  expect(numberFault("seed", "9007199254740993")).toBe("The seed is a whole number from 0.");
  expect(numberFault("batch", "65537")).toContain("1 to 65536");
});

test("the excess loss is for known languages", () => {
  expect(ON_CORPORA.map(({ id }) => id)).not.toContain("excess-loss");
});
