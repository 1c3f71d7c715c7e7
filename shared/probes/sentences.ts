/** What a model can be asked of sentences: checks before it runs on them, and what to say where it would not. */
import type { Example } from "../corpus/corpus.ts";
import { PlateauError } from "../errors.ts";
import { isFromRuntime, isOutOfMemory, outOfMemory } from "../evaluate/explain-failure.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import { embeddingRows, type Subject } from "../perturb/subject.ts";

/** As much of a subject as a forward pass takes. */
export type ForwardModel = Pick<
  Subject,
  "graph" | "logits" | "inputs" | "hiddenStates" | "layouts" | "vocabulary" | "oneByOne"
>;

/** A list of token ids, whole numbers from 0. */
export type TokenIds = readonly number[];

/** How errors call the i-th sentence: "Example 3", "The good sentence of pair 7". */
export type NameSentence = (index: number) => string;

/** A task asks what this model cannot answer: an empty list, an unknown token, a sentence too long. */
export class TaskError extends PlateauError {}

/** Tokens of a pass at most: enough to keep kernels busy, few enough for the activations of a wide model. */
export const TOKENS_PER_PASS = 4096;

/** The number of token ids the model can look up: its vocabulary, or the rows of its table where those are fewer. */
export function knownTokens({ graph, inputs, vocabulary }: ForwardModel): number {
  return Math.min(vocabulary, embeddingRows(graph, inputs));
}

/** @throws TaskError for an empty sentence, an id the model does not know, a length it cannot take. */
export function checkSentences(
  model: ForwardModel,
  sentences: readonly TokenIds[],
  name: NameSentence,
): void {
  const { fixedLength, takesMask } = model.inputs;
  const known = knownTokens(model);
  sentences.forEach((ids, i) => {
    if (ids.length === 0) throw new TaskError(`${name(i)} is empty. Leave it out.`);
    const unknown = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < known));
    if (unknown !== undefined) {
      throw new TaskError(
        `${name(i)} holds token ${unknown}, but the model knows tokens 0 to ${known - 1}. ` +
          "Use the task with models of its own tokenizer.",
      );
    }
    if (fixedLength !== null && (takesMask ? ids.length > fixedLength : ids.length !== fixedLength)) {
      throw new TaskError(
        `${name(i)} has ${ids.length} tokens, but the model is fixed to ${fixedLength}. ` +
          "Export it with a dynamic sequence axis.",
      );
    }
  });
}

/** A sentence as the inputs of a model take it. */
export function exampleOf(inputIds: TokenIds): Example {
  return { inputIds, labels: [] };
}

/**
 * The error to show for what a runtime threw on a pass. The longest of the pass's sentences is run alone, and cut
 * shorter until it runs: most models stop at the length of their position table.
 *
 * @param runs resolves where the model runs on these token ids alone.
 */
export async function explainRefusal(
  error: unknown,
  sentences: readonly { readonly ids: TokenIds; readonly name: string }[],
  runs: (ids: TokenIds) => Promise<unknown>,
): Promise<unknown> {
  if (!isFromRuntime(error)) return error;
  if (isOutOfMemory(error)) return outOfMemory(error);
  const { ids, name } = sentences.reduce((a, b) => (b.ids.length > a.ids.length ? b : a));
  const fits = async (length: number) =>
    runs(ids.slice(0, length)).then(
      () => true,
      (refusal: unknown) => {
        // A machine that fails says nothing about the model.
        if (!isFromRuntime(refusal)) throw refusal;
        return false;
      },
    );
  if (await fits(ids.length)) return error;
  let [good, bad] = [0, ids.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await fits(middle)) good = middle;
    else bad = middle;
  }
  if (good > 0) {
    return new TaskError(
      `${name} has ${ids.length} tokens, but the model takes ${good} at most. Shorten the task's sentences.`,
      { cause: error },
    );
  }
  const message = error.message.replaceAll(/\s+/g, " ").slice(0, 300);
  return new UnsupportedModelError(
    `ONNX Runtime cannot run the model on ${lowerFirst(name)} (${ids.length} tokens): ${message}`,
    { cause: error },
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
