import { expect, test } from "vitest";
import { href, placeOf } from "./paths.ts";

test("addresses of pages, and back", () => {
  expect(href("boards", {})).toBe("/");
  expect(href("board", { suite: "pcfg-mini@1" })).toBe("/boards/pcfg-mini@1");
  expect(href("compare", {}, new URLSearchParams({ suite: "a b" }))).toBe("/compare?suite=a+b");
  expect(placeOf("/boards/pcfg-mini@1")).toEqual({ page: "board", parameters: { suite: "pcfg-mini@1" } });
  expect(placeOf("/boards/pcfg-mini%401/")).toEqual({ page: "board", parameters: { suite: "pcfg-mini@1" } });
  expect(placeOf("/")).toEqual({ page: "boards", parameters: {} });
});

test("names cannot leave their part of the path", () => {
  const address = href("board", { suite: "../a?b#c/d" });
  expect(address).toBe("/boards/..%2Fa%3Fb%23c%2Fd");
  expect(placeOf(address)).toEqual({ page: "board", parameters: { suite: "../a?b#c/d" } });
});

test.each(["/nowhere", "/boards", "/boards/", "/boards/%", "/boards/a/b"])("%s is no page", (path) => {
  expect(placeOf(path)).toBeNull();
});
