/** Checkpoints of runs that differ only in their seed, as one row: the mean over seeds, and how much they spread. */
import type { BoardData } from "./board-data.ts";

export interface SeedGroup {
  /** The name that the members share, their seeds left out. */
  readonly name: string;
  /** Unique on a board. */
  readonly key: string;
  /** Rows, in the order they were given. */
  readonly members: readonly number[];
}

/** A row, or several as one. */
export type Item = number | SeedGroup;

/** A seed in the name of a run: `adamw-d48-s2`, `adamw seed=2`, `adamw_seed_2`. */
const SEED = /(^|[-_ ./])(s|seed[-_= ]?)\d+(?=$|[-_ ./])/i;

/** The name of a run or checkpoint without its seed; null where it names none. */
export function withoutSeed(name: string): string | null {
  return SEED.test(name) ? name.replace(SEED, "$1s*") : null;
}

/**
 * Rows of the same family, size and step whose runs have one name but for the seed become a group, two or more of them,
 * no two of one run. Rows that nobody shares stay as they are. Groups stand where their first member stood.
 */
export function groupSeeds(board: BoardData, rows: ArrayLike<number>): Item[] {
  const { run, family, name } = board;
  const [step, parameters] = [board.column("step")!.numbers, board.column("parameters")!.numbers];
  const items: (number | { name: string; key: string; members: number[] })[] = [];
  const groups = new Map<string, { name: string; key: string; members: number[] }>();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const runName = run.texts![row];
    const shared = runName === null ? null : withoutSeed(runName!);
    if (shared === null) {
      items.push(row);
      continue;
    }
    const key = JSON.stringify([shared, family.texts![row], parameters[row], step[row]]);
    const group = groups.get(key);
    if (group) group.members.push(row);
    else {
      const begun = { name: withoutSeed(name.texts![row]!) ?? shared, key, members: [row] };
      groups.set(key, begun);
      items.push(begun);
    }
  }
  return items.flatMap((item): Item[] => {
    if (typeof item === "number") return [item];
    const runs = new Set(item.members.map((row) => run.texts![row]));
    return runs.size > 1 && runs.size === item.members.length ? [item] : item.members;
  });
}

export interface GroupScore {
  /** Over the members that have one; NaN where none has. */
  readonly mean: number;
  /** Standard deviation between members, n − 1 below; NaN with fewer than two. */
  readonly spread: number;
  readonly count: number;
}

export function groupScore(numbers: Float64Array, members: readonly number[]): GroupScore {
  const values = members.map((row) => numbers[row]!).filter((value) => !Number.isNaN(value));
  const count = values.length;
  if (count === 0) return { mean: NaN, spread: NaN, count };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: count < 2 ? NaN : Math.sqrt(squares / (count - 1)), count };
}

/** Groups take the place of their mean; everything else that of its value. */
export function sortItems(items: readonly Item[], numbers: Float64Array, descending: boolean): Item[] {
  const keyed = items.map((item, at) => ({
    item,
    at,
    value: typeof item === "number" ? numbers[item]! : groupScore(numbers, item.members).mean,
  }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    const [none, other] = [Number.isNaN(a.value), Number.isNaN(b.value)];
    if (none !== other) return none ? 1 : -1;
    return (none ? 0 : sign * (a.value - b.value)) || a.at - b.at;
  });
  return keyed.map(({ item }) => item);
}
