/** Checkpoints of a board to choose from, by what is typed. */
import { foldedLabel } from "../../../../shared/api/label.ts";
import type { BoardColumns } from "../../../../shared/api/boards.ts";

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly run: string | null;
}

const SHOWN = 12;

/** The first ones that hold every word in their name, run, family or id. */
export function candidates(
  { checkpoint, name, run, family }: Pick<BoardColumns["columns"], "checkpoint" | "name" | "run" | "family">,
  typed: string,
  taken: readonly string[],
): { readonly found: readonly Candidate[]; readonly more: number } {
  const words = foldedLabel(typed).split(/\s+/).filter(Boolean);
  const found: Candidate[] = [];
  let more = 0;
  for (const [row, id] of checkpoint.entries()) {
    if (taken.includes(id)) continue;
    const text = foldedLabel(`${name[row]!} ${run[row] ?? ""} ${family[row] ?? ""} ${id}`);
    if (!words.every((word) => text.includes(word))) continue;
    if (found.length < SHOWN) found.push({ id, name: name[row]!, run: run[row]! });
    else more++;
  }
  return { found, more };
}
