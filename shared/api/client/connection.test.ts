import { expect, test } from "vitest";
import { AddressError, serverAddress } from "./connection.ts";

test.each([
  ["http://127.0.0.1:8787", "http://127.0.0.1:8787"],
  [" https://board.example// ", "https://board.example"],
  ["HTTPS://board.example/lab/", "HTTPS://board.example/lab"],
])("%s is a board's address", (text, address) => {
  expect(serverAddress(text)).toBe(address);
});

test.each([
  "",
  "board.example",
  "ftp://board.example",
  "http://",
  "http://board.example?suite=x",
  "http://a b",
])("%j is none", (text) => {
  expect(() => serverAddress(text)).toThrow(AddressError);
});

test("a password in an address is refused, and not repeated", () => {
  expect(() => serverAddress("https://me:secret@board.example")).toThrow(/^'https:\/\/…@board.example'/);
});
