import { expect, test } from "vitest";
import { isOutOfMemory } from "./out-of-memory.ts";

test.each([
  "std::bad_alloc",
  "Failed to allocate memory for requested buffer of size 1073741824",
  "no available backend found. ERR: [wasm] RangeError: WebAssembly.Memory(): could not allocate memory",
  "RangeError: Array buffer allocation failed",
  "RuntimeError: Aborted(OOM): out of memory",
])("%s", (message) => {
  expect(isOutOfMemory(new Error(message))).toBe(true);
});

test("other failures are something else", () => {
  expect(isOutOfMemory(new Error("no available backend found. ERR: [wasm] TypeError: Failed to fetch"))).toBe(
    false,
  );
  expect(isOutOfMemory(new TypeError("allocations is not a function"))).toBe(false);
});
