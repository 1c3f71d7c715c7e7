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

/** How long it rests after work, in times of that work: where there are few cores, the page needs them to draw with. */
const REST = 3;

let last = 0;
let restsUntil = 0;

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  last = data.id;
  void answer(data);
});

async function answer({ id, pairs }: Question): Promise<void> {
  for (const name of COEFFICIENTS) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, restsUntil - performance.now())));
    // A newer question may have come meanwhile.
    if (id !== last) return;
    const begin = performance.now();
    const answered: Answer = { id, name, found: correlate(name, pairs) };
    const end = performance.now();
    restsUntil = end + REST * (end - begin);
    postMessage(answered);
  }
}
