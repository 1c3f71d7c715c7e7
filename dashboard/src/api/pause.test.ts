import { expect, test } from "vitest";
import { pause } from "./pause.ts";

test("it ends by itself, or by the signal", async () => {
  const stop = new AbortController();
  await pause(0.001, stop.signal);
  const long = pause(60, stop.signal);
  stop.abort(new Error("enough"));
  await expect(long).rejects.toThrow("enough");
  await expect(pause(60, stop.signal)).rejects.toThrow("enough");
});
