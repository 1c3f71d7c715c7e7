/** Multiple choice from running text: which continuation follows a passage? */
import type { TokenDocument } from "../../corpus/token-documents.ts";
import { RandomStream } from "../../random.ts";
import type { MultipleChoiceTask } from "../task.ts";

export interface ChoiceOptions {
  /** The most items, drawn at random where there are more. */
  readonly items: number;
  readonly choices: number;
  /** A prompt is the shortest run of whole lines of at least so many tokens; longer than `longest`, it is left out. */
  readonly shortest: number;
  readonly longest: number;
  /** Tokens of each continuation. */
  readonly continuation: number;
  /** Documents of one source are too alike for each other's continuations to be wrong. */
  readonly sourceOf: (document: string) => string;
  /** Special tokens before a prompt. */
  readonly prefix: readonly number[];
  readonly seed: number;
  readonly purpose: number;
}

interface Passage {
  readonly source: string;
  readonly prompt: readonly number[];
  readonly continuation: readonly number[];
}

/**
 * Items whose wrong answers are the continuations of other passages, from other sources. All continuations begin with a
 * line and are equally long, so that neither position nor length tells the right one.
 */
export function multipleChoice(
  documents: readonly TokenDocument[],
  options: ChoiceOptions,
): MultipleChoiceTask["items"] {
  const random = new RandomStream(options.seed, 0, options.purpose);
  const passages = random.shuffle(documents.flatMap((document) => findPassages(document, options)));
  return passages.slice(0, options.items).map(({ source, prompt, continuation }) => {
    const choices = [continuation];
    const taken = new Set([continuation.join(" ")]);
    while (choices.length < options.choices) {
      const other = passages[random.below(passages.length)]!;
      const key = other.continuation.join(" ");
      if (other.source === source || taken.has(key)) continue;
      taken.add(key);
      choices.push(other.continuation);
    }
    random.shuffle(choices);
    return { prompt: [...options.prefix, ...prompt], choices, answer: choices.indexOf(continuation) };
  });
}

/** Passages that do not overlap, in the order of the text. */
function findPassages({ id, lines }: TokenDocument, options: ChoiceOptions): Passage[] {
  const { shortest, longest, continuation } = options;
  const tokens = lines.flat();
  let total = 0;
  const lineEnds = lines.map((line) => (total += line.length));
  const lineEndFrom = (offset: number) => lineEnds.find((end) => end >= offset) ?? Infinity;
  const passages: Passage[] = [];
  for (let start = 0, end = 0; (end = lineEndFrom(start + shortest)) + continuation <= total;) {
    const fits = end - start <= longest;
    if (fits) {
      passages.push({
        source: options.sourceOf(id),
        prompt: tokens.slice(start, end),
        continuation: tokens.slice(end, end + continuation),
      });
    }
    start = fits ? lineEndFrom(end + continuation) : end;
  }
  return passages;
}
