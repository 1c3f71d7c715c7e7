/** Turns what ONNX Runtime threw in the middle of an evaluation into something a user can act on. */
import type { Corpus, Example } from "../corpus/corpus.ts";
import { ModelTooBigError, PlateauError } from "../errors.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import type { Graph } from "../onnx/graph.ts";
import { inputFeeds, modelInputs } from "../onnx/inputs.ts";
import { writeModel } from "../onnx/write.ts";
import type { Runtime } from "../runtime.ts";

/** The model runs on short examples of the corpus, but not on its longest. */
export class ExampleTooLongError extends PlateauError {}

/** The runtime throws plain errors; those with a name speak for themselves or, as a TypeError, are defects of ours. */
export function isFromRuntime(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof PlateauError) && error.name === "Error";
}

export function isOutOfMemory({ message }: Error): boolean {
  return /alloc|out of memory/i.test(message);
}

export function outOfMemory(cause: Error): ModelTooBigError {
  return new ModelTooBigError(
    "ONNX Runtime ran out of memory. Use smaller batches, or a machine with more.",
    { cause },
  );
}

/**
 * The error to show for `error`. Errors that speak for themselves, and defects of Plateau, come back as they are; for
 * what the runtime threw, the model as it was read is run on the corpus's longest example to find out why.
 */
export async function explainFailure(
  error: unknown,
  original: Graph,
  runtime: Runtime,
  corpus: Corpus,
): Promise<unknown> {
  if (!isFromRuntime(error)) return error;
  if (isOutOfMemory(error)) return outOfMemory(error);
  const longest = corpus.examples.reduce((a, b) => (b.inputIds.length > a.inputIds.length ? b : a));
  const length = longest.inputIds.length;
  const fits = await longestThatRuns(original, runtime, longest);
  // The model as it was read runs, so what failed is what Plateau made of it: a defect, to be reported as such.
  if (fits === length) return error;
  if (!fits) {
    return new UnsupportedModelError(`ONNX Runtime cannot run the model: ${clause(error)}.`, {
      cause: error,
    });
  }
  return new ExampleTooLongError(
    `The model takes ${fits} tokens at most, but the longest example has ${length}. ` +
      `Cut the corpus into examples of at most ${fits} tokens.`,
    { cause: error },
  );
}

/** The greatest number of the example's tokens that the model runs on; null where no session can be made. */
async function longestThatRuns(graph: Graph, runtime: Runtime, example: Example): Promise<number | null> {
  const session = await runtime.createSession(writeModel(graph), { throwaway: true }).catch(refused(null));
  if (!session) return null;
  const runs = async (length: number): Promise<boolean> => {
    const inputs = modelInputs(graph);
    try {
      await session.run(
        inputFeeds(graph, inputs, [shortened(example, length)], inputs.fixedLength ?? length),
      );
      return true;
    } catch (error) {
      return refused(false)(error);
    }
  };
  try {
    let [good, bad] = [0, example.inputIds.length + 1];
    // Most failures have nothing to do with length: the whole example first.
    if (await runs(bad - 1)) return bad - 1;
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      if (await runs(middle)) good = middle;
      else bad = middle;
    }
    return good;
  } finally {
    await session.dispose();
  }
}

/** What stands for a refusal; a machine that fails says nothing about the model. */
function refused<Answer>(answer: Answer): (error: unknown) => Answer {
  return (error) => {
    if (isFromRuntime(error)) return answer;
    throw error;
  };
}

function shortened({ inputIds, labels, attentionMask, tokenTypeIds }: Example, length: number): Example {
  return {
    inputIds: inputIds.slice(0, length),
    labels: labels.slice(0, length),
    ...(attentionMask && { attentionMask: attentionMask.slice(0, length) }),
    ...(tokenTypeIds && { tokenTypeIds: tokenTypeIds.slice(0, length) }),
  };
}

/** The runtime's message without its source locations, on one line, no full stop. */
function clause({ message }: Error): string {
  const text = message
    .replaceAll(/\S*onnxruntime\/\S+:\d+ /g, "")
    .replace(
      /^.*Non-zero status code returned while running (\w+) node\. Name:'([^']*)' Status Message: /s,
      "$1 '$2': ",
    )
    .replaceAll(/\s+/g, " ")
    .trim();
  return (text.length > 300 ? `${text.slice(0, 300)}…` : text).replace(/\.$/, "");
}
