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
  for (const name of COEFFICIENTS) {
    // A newer question has come meanwhile, or comes now.
    await new Promise((resolve) => setTimeout(resolve));
    if (id !== last) return;
    const answered: Answer = { id, name, found: correlate(name, pairs) };
    postMessage(answered);
  }
}
