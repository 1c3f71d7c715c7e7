/** What a comparison comes to, in a sentence for each checkpoint. */
import type { ComparisonOfCheckpoints } from "../../../../shared/api/compare.ts";
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import { differenceOf, differentLoss, equalLoss, lossScore } from "./differences.ts";

/** `reference` is the name of what it is compared with. */
export function findingOf(
  comparison: ComparisonOfCheckpoints,
  suite: Pick<PublishedSuite, "measures" | "tasks">,
  reference: string,
  other: string,
): string {
  const loss = lossScore(comparison);
  const better: string[] = [];
  const worse: string[] = [];
  let equal = false;
  let different = false;
  for (const score of comparison.scores) {
    const difference = differenceOf(score, reference, other);
    if (!difference) continue;
    if (score.score === loss) {
      equal = equalLoss(difference);
      different = differentLoss(difference);
    }
    // Both are the same loss, of which excess loss has the smaller error; and of equal ones neither is better.
    if (score.score === "loss" && loss !== "loss") continue;
    if (score.score === loss && equal) continue;
    if (difference.verdict === "better") better.push(wordsOf(score.score, suite));
    else if (difference.verdict === "worse") worse.push(wordsOf(score.score, suite));
  }
  const losses = equal
    ? "Equal loss"
    : different
      ? "Different loss"
      : "Whether their loss is equal cannot be told";
  const told = [
    ...(better.length > 0 ? [`better in ${listed(better)}`] : []),
    ...(worse.length > 0 ? [`worse in ${listed(worse)}`] : []),
  ];
  return `${losses}; ${told.length === 0 ? "nothing else can be told apart" : told.join(", ")}.`;
}

function wordsOf(score: string, { measures, tasks }: Pick<PublishedSuite, "measures" | "tasks">): string {
  const task = score.startsWith("task:") ? score.slice("task:".length) : null;
  return task === null
    ? (measures.find(({ id }) => id === score)?.label ?? score)
    : (tasks.find(({ id }) => id === task)?.title ?? task);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)!}`;
}
