/** Correlations beside the page, which goes on answering meanwhile. Only the last question is worked on. */
import { COEFFICIENTS, correlate, type Correlated, type Pairs } from "../../../board/correlate.ts";

export interface Question {
  readonly id: number;
  readonly pairs: Pairs;
}

export interface Answer {
  readonly id: number;
  readonly name: (typeof COEFFICIENTS)[number];
  readonly found: Correlated;
}

let last = 0;

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  last = data.id;
  void answer(data);
});

async function answer({ id, pairs }: Question): Promise<void> {
  let worked = 0;
  for (const name of COEFFICIENTS) {
    // A newer question may have come meanwhile. Rests are as long as the work, so that where there are few cores the page
    // has one to draw with.
    await new Promise((resolve) => setTimeout(resolve, worked));
    if (id !== last) return;
    const begin = performance.now();
    const answered: Answer = { id, name, found: correlate(name, pairs) };
    worked = performance.now() - begin;
    postMessage(answered);
  }
}
