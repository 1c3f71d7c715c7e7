/** Who computed an evaluation and who checked it, in words. */
import type { Audit } from "../../../../../shared/api/work.ts";
import { plural } from "../../../../../shared/numbers.ts";

type Replay = Audit["replays"][number];

/** What the numbers rest on. */
export function standingText({
  standing,
  replays,
  workers,
}: Pick<Audit, "standing" | "replays" | "workers">): string {
  const counted = replays.filter(({ counts }) => counts);
  const agreed = counted.filter(({ agrees }) => agrees === true).length;
  const drawn = plural(counted.length, "shard");
  switch (standing) {
    case "edge":
      return "The board computed it by itself.";
    case "replicated":
      return `Lent workers computed it. The board drew ${drawn} by chance and had them run again by others: all agree.`;
    case "unverified":
      return counted.length === 0
        ? "Lent workers computed it, and nothing of it was run again by others yet."
        : `Lent workers computed it. The board drew ${drawn} by chance to be run again by others: ${agreed} agree so far. Until all do, the result counts as unverified.`;
    case "superseded":
      return "Another result took the place of this one before it was known whether others agree.";
    case null:
      return workers.some(({ cutOff }) => cutOff !== null)
        ? "It has no numbers at the moment: what a worker that was cut off had computed is computed anew."
        : "It has no numbers yet.";
  }
}

/** How a replay stands, in a word or two. */
export function outcomeText({ state, agrees, counts }: Pick<Replay, "state" | "agrees" | "counts">): string {
  const text = agrees === null ? STATES[state] : agrees ? "agrees" : "disagrees";
  return counts ? text : `${text}; no longer counts`;
}

const STATES: Readonly<Record<Replay["state"], string>> = {
  open: "not begun",
  leased: "being run",
  returned: "to be judged",
  done: "judged",
};

/** Names of workers by their id; a token whose label is not known goes by its id. */
export function workerNames({
  workers,
  replays,
}: Pick<Audit, "workers" | "replays">): (id: string) => string {
  const labels = new Map([
    ...replays.flatMap(({ by, label }) => (by !== null && label !== null ? [[by, label] as const] : [])),
    ...workers.map(({ worker, label }) => [worker, label] as const),
  ]);
  return (id) => (id === "edge" ? "the edge" : (labels.get(id) ?? id));
}

/** Disagreements first, then as they were drawn. */
export function sortedReplays(replays: readonly Replay[]): Replay[] {
  return [...replays].sort((a, b) => Number(b.agrees === false) - Number(a.agrees === false));
}

/** Whether more is to come of it. */
export const isOpen = ({ standing, replays }: Pick<Audit, "standing" | "replays">): boolean =>
  standing === "unverified" || replays.some(({ state, counts }) => counts && state !== "done");
