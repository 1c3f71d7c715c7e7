import { expect, test } from "vitest";
import { signInFailure } from "./sign-in-failure.ts";

test.each(["denied", "expired", "refused", "unreachable", "blocked"])("%s is told", (word) => {
  expect(signInFailure(word)?.title).toMatch(/\w/);
});

test.each([null, "", "constructor", "__proto__", "<script>"])("%s is nothing that the board says", (word) => {
  expect(signInFailure(word)).toBeNull();
});
