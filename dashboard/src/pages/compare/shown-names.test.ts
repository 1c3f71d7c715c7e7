import { expect, test } from "vitest";
import { shownNames } from "./shown-names.ts";

test("names that are alike are told apart", () => {
  const checkpoints = [
    { id: "aaaabbbbccccdddd", name: "toy" },
    { id: "eeeeffffgggghhhh", name: "toy" },
    { id: "iiiijjjjkkkkllll", name: "other" },
  ];
  expect(shownNames(checkpoints)).toEqual(["toy (aaaabb…)", "toy (eeeeff…)", "other"]);
});
