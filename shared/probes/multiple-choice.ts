/**
 * Multiple choice: of several endings the model should find the right one most likely after the prompt.
 *
 * The score of an ending is the mean log-likelihood of its tokens given the prompt, (1/m) Σ_t log p(y_t | prompt, y_<t):
 * the mean, because endings differ in length and a sum would favour the shorter. A masked model sees
 * the rest of the ending too, and each token of the ending is masked in turn.
 */
import type { MultipleChoiceTask } from "../suites/task.ts";
import type { LogLikelihood } from "./log-likelihood.ts";
import type { ScoredSentence } from "./log-likelihood-rows.ts";
import { TaskError } from "./sentences.ts";
import { inOrder, placesOf, type Range } from "./ranges.ts";
import { accuracyOf, scoredPositions, sum, type Accuracy } from "./zero-shot.ts";

export interface ItemScore {
  /** Mean log-likelihood of each choice's scored tokens, nats. */
  readonly choices: readonly number[];
  /** Index of the right one. */
  readonly answer: number;
}

/** Scores of the items `[first, first + count)`. */
export interface ItemScores extends Range {
  readonly items: readonly ItemScore[];
}

export interface MultipleChoiceResult {
  /** Share of items whose answer has the largest score; where k choices tie for it, the answer counts 1/k. */
  readonly accuracy: Accuracy;
  /** Accuracy of guessing: the mean of one over the number of choices. */
  readonly chance: number;
  /** The answer's score − the best other one, of each item, nats per token. */
  readonly margins: readonly number[];
}

type Items = MultipleChoiceTask["items"];

/**
 * Scores a range of items.
 *
 * @param special tokens that are context only, such as [CLS] and [SEP].
 * @throws TaskError naming the item with fewer than two choices, an empty prompt or choice, equal choices or an answer
 * that is none of them; what `LogLikelihood.score` throws, such as for a prompt that is too long.
 */
export async function scoreMultipleChoice(
  model: LogLikelihood,
  items: Items,
  range: Range = { first: 0, count: items.length },
  special: ReadonlySet<number> = new Set(),
): Promise<ItemScores> {
  const chosen = placesOf(range, items.length);
  const sentences = chosen.flatMap((i) => sentencesOf(items[i]!, i, model, special));
  const scores = await model.score(sentences);
  let next = 0;
  return {
    first: range.first,
    count: range.count,
    items: chosen.map((i) => {
      const { choices, answer } = items[i]!;
      return {
        choices: choices.map(() => {
          const terms = scores[next++]!;
          return sum(terms) / terms.length;
        }),
        answer,
      };
    }),
  };
}

/**
 * The result for all `total` items from ranges in any order.
 *
 * @throws TaskError for a task without items; RangeError where ranges leave items out.
 */
export function summariseMultipleChoice(ranges: readonly ItemScores[], total: number): MultipleChoiceResult {
  if (total === 0) throw new TaskError("The task has no items.");
  const items = inOrder(ranges, total).flatMap((range) => range.items);
  return {
    accuracy: accuracyOf(items.map(credit)),
    chance: items.reduce((total, { choices }) => total + 1 / choices.length, 0) / items.length,
    margins: items.map(
      ({ choices, answer }) =>
        choices[answer]! - Math.max(...choices.filter((_, choice) => choice !== answer)),
    ),
  };
}

function credit({ choices, answer }: ItemScore): number {
  const best = Math.max(...choices);
  return choices[answer] === best ? 1 / choices.filter((score) => score === best).length : 0;
}

function sentencesOf(
  { prompt, choices, answer }: Items[number],
  item: number,
  { objective }: LogLikelihood,
  special: ReadonlySet<number>,
): ScoredSentence[] {
  const title = `item ${item + 1}`;
  if (choices.length < 2) {
    throw new TaskError(`Choices of ${title}: ${choices.length}; there must be two or more to choose from.`);
  }
  if (!(Number.isInteger(answer) && answer >= 0 && answer < choices.length)) {
    throw new TaskError(`The answer of ${title} is choice ${answer}, expected 0 to ${choices.length - 1}.`);
  }
  if (prompt.length === 0) {
    throw new TaskError(
      `The prompt of ${title} is empty. Begin it with the tokenizer's beginning-of-text token.`,
    );
  }
  if (new Set(choices.map((choice) => choice.join())).size < choices.length) {
    throw new TaskError(`Two choices of ${title} are the same. Leave the item out.`);
  }
  return choices.map((choice, c) => {
    const name = `The prompt of ${title} with choice ${c + 1}`;
    const ids = [...prompt, ...choice];
    const positions = scoredPositions(ids, objective, special, prompt.length);
    if (positions.length > 0) return { ids, positions, name };
    throw new TaskError(`Choice ${c + 1} of ${title} has no token to be scored. Leave the item out.`);
  });
}
