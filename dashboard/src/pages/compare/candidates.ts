/** Checkpoints of a board to choose from, by what is typed. */
import { foldedLabel } from "../../../../shared/api/label.ts";
import type { BoardColumns } from "../../../../shared/api/boards.ts";
import { naturalRanks } from "../../board/natural-order.ts";

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly run: string | null;
}

const SHOWN = 12;

type Columns = Pick<BoardColumns["columns"], "checkpoint" | "name" | "run" | "family">;

/** [rows]: rows by name, in natural order. */
export function rowsByName(names: readonly string[]): Uint32Array {
  const ranks = naturalRanks(names);
  return Uint32Array.from(names.keys()).sort((a, b) => ranks[a]! - ranks[b]!);
}

/** The first ones that hold every word in their name, run, family or id, in this order. */
export function candidates(
  { checkpoint, name, run, family }: Columns,
  order: Uint32Array,
  typed: string,
  taken: readonly string[],
): { readonly found: readonly Candidate[]; readonly more: number } {
  const words = foldedLabel(typed).split(/\s+/).filter(Boolean);
  const found: Candidate[] = [];
  let more = 0;
  for (const row of order) {
    const id = checkpoint[row]!;
    if (taken.includes(id)) continue;
    const text = foldedLabel(`${name[row]!} ${run[row] ?? ""} ${family[row] ?? ""} ${id}`);
    if (!words.every((word) => text.includes(word))) continue;
    if (found.length < SHOWN) found.push({ id, name: name[row]!, run: run[row]! });
    else more++;
  }
  return { found, more };
}
