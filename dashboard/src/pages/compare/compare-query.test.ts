import { expect, test } from "vitest";
import { enough, readCompared, writeCompared } from "./compare-query.ts";

const [a, b, c] = ["a", "b", "c"].map((letter) => letter.repeat(16)) as [string, string, string];
const read = (text: string) => readCompared(new URLSearchParams(text));

test("a link, and back", () => {
  const compared = { suite: "pcfg-mini@1", checkpoints: [a, b, c], reference: b };
  expect(readCompared(writeCompared(compared))).toEqual({ compared, complaints: [] });
  expect(writeCompared({ ...compared, reference: a }).has("reference")).toBe(false);
});

test("nonsense is left out and told, and the rest stays", () => {
  const { compared, complaints } = read(
    `suite=../x&checkpoint=${a}&checkpoint=<b>&checkpoint=${b}&checkpoint=${a}&reference=${c}&sort=up`,
  );
  expect(compared).toEqual({ suite: null, checkpoints: [a, b], reference: a });
  expect(complaints).toHaveLength(4);
  expect(complaints.join(" ")).toContain("“<b>” is no checkpoint’s id.");
});

test("no more than can be compared", () => {
  const ids = Array.from("abcdefgh", (letter) => letter.repeat(16));
  const { compared, complaints } = read(ids.map((id) => `checkpoint=${id}`).join("&"));
  expect(compared.checkpoints).toHaveLength(6);
  expect(complaints).toHaveLength(2);
});

test("one alone is not enough, nor any number without a suite", () => {
  expect(enough(read(`suite=x&checkpoint=${a}`).compared)).toBe(false);
  expect(enough(read(`checkpoint=${a}&checkpoint=${b}`).compared)).toBe(false);
  expect(enough(read(`suite=x&checkpoint=${a}&checkpoint=${b}`).compared)).toBe(true);
  expect(read("").compared.reference).toBeNull();
});
