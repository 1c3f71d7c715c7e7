import { expect, test } from "vitest";
import { isLoopbackAddress, isLoopbackName } from "./loopback.ts";

test.each([
  ["127.0.0.1", true],
  ["127.200.3.4", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["128.0.0.1", false],
  ["::ffff:10.0.0.1", false],
  ["0.0.0.0", false],
  ["", false],
])("%s is an address of this machine: %s", (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

test.each([
  ["localhost", true],
  ["LocalHost:8787", true],
  ["localhost.", true],
  ["board.localhost:1", true],
  ["[::1]:8787", true],
  ["127.0.0.1:8787", true],
  ["localhost.example", false],
  ["127.0.0.1.example", false],
  ["192.168.1.2:8787", false],
  ["", false],
])("%s is a name of this machine: %s", (host, expected) => {
  expect(isLoopbackName(host)).toBe(expected);
});
