import { expect, test } from "vitest";
import { ModelTooBigError } from "../../shared/errors.ts";
import { MemoryAccount, OverBudgetError } from "./accounting.ts";
import { LastUsed } from "./last-used.ts";

const accountOf = (heapBytes = () => 0) => new MemoryAccount({ budgetBytes: 100, baseBytes: 10, heapBytes });

test("adds up the base, the heap and what is held, and remembers the most", () => {
  let heap = 20;
  const account = accountOf(() => heap);
  const held = account.hold("a", 30);
  expect(account.totalBytes).toBe(60);
  expect(account.heapAllowanceBytes).toBe(60);
  heap = 50;
  expect(account.peakBytes).toBe(90);
  held.release();
  held.release();
  expect(account.totalBytes).toBe(60);
  expect(account.peakBytes).toBe(90);
});

test("refuses what does not fit, in words", () => {
  const account = accountOf(() => 80);
  account.hold("a", 10);
  expect(() => account.hold("the model", 1)).toThrow(OverBudgetError);
  expect(() => account.hold("the model", 1)).toThrow("the model needs");
  expect(() => account.hold("the model", 1)).toThrow(ModelTooBigError);
  expect(account.totalBytes).toBe(100);
});

const item = (key: string, bytes: number, loadingBytes = 0) => ({ key, what: key, bytes, loadingBytes });

test("what was used last is kept, and gives way to what is needed", async () => {
  const account = accountOf();
  const cache = new LastUsed<string>(account);
  let loads = 0;
  const load = () => Promise.resolve(`load ${++loads}`);
  const first = await cache.use(item("a", 40, 40), load);
  expect([first.value, account.totalBytes, account.peakBytes]).toEqual(["load 1", 50, 90]);
  first.done();
  const again = await cache.use(item("a", 40), load);
  expect(again.value).toBe("load 1");
  // In use, so that it cannot give way.
  expect(() => account.hold("b", 60)).toThrow(OverBudgetError);
  again.done();
  again.done();
  const other = await cache.use(item("a", 40), load);
  expect(other.value).toBe("load 2");
  other.done();
  const held = account.hold("b", 60);
  expect(account.totalBytes).toBe(70);
  held.release();
  expect(account.totalBytes).toBe(10);
});

test("another one takes the place of the last, which counts as long as it is used", async () => {
  const account = accountOf();
  const cache = new LastUsed<string>(account);
  const a = await cache.use(item("a", 30), () => Promise.resolve("a"));
  const b = await cache.use(item("b", 20), () => Promise.resolve("b"));
  expect(account.totalBytes).toBe(60);
  a.done();
  expect(account.totalBytes).toBe(30);
  b.done();
  await expect(cache.use(item("c", 95), () => Promise.resolve("c"))).rejects.toThrow(OverBudgetError);
  expect(account.totalBytes).toBe(10);
});

test("what cannot be loaded does not count", async () => {
  const account = accountOf();
  const cache = new LastUsed<string>(account);
  const failing = cache.use(item("a", 30), () => Promise.reject(new Error("gone")));
  await expect(failing).rejects.toThrow("gone");
  expect(account.totalBytes).toBe(10);
});
