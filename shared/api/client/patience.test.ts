import { expect, test } from "vitest";
import { AnswerError, ProblemError, UnreachableError } from "./errors.ts";
import { patiently } from "./patience.ts";

function problem(status: number, retryAfter: number | null = null): ProblemError {
  return new ProblemError(
    { type: "about:blank", title: "", status, code: "x", detail: "It failed." },
    retryAfter,
  );
}

/** Fails with these errors one after another, then answers; tells how long it was paused. */
async function pausesOf(errors: readonly Error[], attempts?: number): Promise<number[]> {
  const pauses: number[] = [];
  const left = [...errors];
  const action = async () => {
    const error = left.shift();
    if (error) throw error;
  };
  const wait = async (seconds: number) => void pauses.push(seconds);
  await patiently(action, { wait, ...(attempts !== undefined && { attempts }) });
  return pauses;
}

test("what passes by itself is waited for, longer each time", async () => {
  expect(await pausesOf([])).toEqual([]);
  expect(await pausesOf([new UnreachableError("away"), problem(500), problem(503)])).toEqual([0.5, 1, 2]);
});

test("as long as the board asks for, within reason", async () => {
  expect(await pausesOf([problem(503, 2), problem(429, 7), problem(503, 1e6)])).toEqual([2, 7, 30]);
});

test("what does not pass is thrown at once", async () => {
  for (const error of [
    problem(404),
    problem(429),
    problem(429, 40_000),
    problem(422),
    new AnswerError("?"),
    new TypeError("!"),
  ]) {
    await expect(pausesOf([error])).rejects.toBe(error);
  }
});

test("the last error is thrown when patience is at its end", async () => {
  const errors = [1, 2, 3].map((i) => new UnreachableError(`away ${i}`));
  await expect(pausesOf(errors, 3)).rejects.toBe(errors[2]);
});
