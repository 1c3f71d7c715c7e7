import { expect, test } from "vitest";
import { judge, TRUST, type Trust } from "./judge.ts";

const { stranger, admin, edge } = TRUST;

/** @param values two parties agree where theirs are at most 1 apart. */
const decide = (trust: readonly Trust[], values: readonly number[]) => {
  const verdict = judge(trust, (a, b) => Math.abs(values[a]! - values[b]!) <= 1);
  return verdict.kind === "decided" ? verdict.wrong : "undecided";
};

test.each<[what: string, trust: Trust[], values: number[], wrong: number[] | "undecided"]>([
  ["two who agree", [stranger, stranger], [5, 5], []],
  ["two strangers who do not", [stranger, stranger], [5, 9], "undecided"],
  ["the edge against the maker", [stranger, edge], [5, 9], [0]],
  ["the edge against an admin who made it", [admin, edge], [5, 9], [0]],
  ["an admin against the maker", [stranger, admin], [5, 9], [0]],
  ["a stranger against an admin who made it", [admin, stranger], [5, 9], [1]],
  ["two admins who do not agree", [admin, admin], [5, 9], "undecided"],
  ["a third for the maker", [stranger, stranger, stranger], [5, 9, 5], [1]],
  ["a third against the maker", [stranger, stranger, stranger], [5, 9, 9], [0]],
  ["three who all differ", [stranger, stranger, stranger], [1, 5, 9], "undecided"],
  ["a third whom everyone trusts, against both", [stranger, stranger, edge], [1, 5, 9], [0, 1]],
  ["a third of two admins", [admin, admin, stranger], [1, 5, 5], [0]],
  ["a fourth after three that differ", [stranger, stranger, stranger, stranger], [1, 5, 9, 9], "undecided"],
  ["and a fifth", [stranger, stranger, stranger, stranger, stranger], [1, 5, 9, 9, 9], [0, 1]],
  // Nobody is wrong who agrees with one of those who are right.
  ["one between two that differ", [stranger, stranger, stranger], [5, 7, 6], []],
])("%s", (_, trust, values, wrong) => {
  expect(decide(trust, values)).toEqual(wrong);
});
