import { expect, test } from "vitest";
import { watched } from "./watched-fetch.ts";

test("what comes in time comes through, and silence is a break", async () => {
  const answers = [
    Promise.resolve({ done: false, value: new Uint8Array([1]) }),
    new Promise<never>(() => {}),
  ];
  let cancelled = false;
  const reader = watched({ read: () => answers.shift()!, cancel: async () => void (cancelled = true) }, 50);
  expect(await reader.read()).toEqual({ done: false, value: new Uint8Array([1]) });
  await expect(reader.read()).rejects.toThrow("nothing came");
  await reader.cancel();
  expect(cancelled).toBe(true);
});
