/** Lines of the table: rows, groups of seeds, and the members of groups that are open. */
import type { Item, SeedGroup } from "../../../board/seed-groups.ts";

export interface Entry {
  /** Null for a single row. */
  readonly group: SeedGroup | null;
  /** Of a group: its first member. */
  readonly row: number;
  /** Whether it is a member of the open group above it. */
  readonly member: boolean;
}

export interface Entries {
  readonly count: number;
  readonly at: (index: number) => Entry;
}

/** @param open keys of groups whose members are shown too. */
export function entriesOf(items: ArrayLike<Item>, open: ReadonlySet<string>): Entries {
  const single = (row: number): Entry => ({ group: null, row, member: false });
  if (items instanceof Int32Array) return { count: items.length, at: (index) => single(items[index]!) };
  const entries = Array.from(items).flatMap((item): Entry[] => {
    if (typeof item === "number") return [single(item)];
    const head: Entry = { group: item, row: item.members[0]!, member: false };
    if (!open.has(item.key)) return [head];
    return [head, ...item.members.map((row) => ({ group: null, row, member: true }))];
  });
  return { count: entries.length, at: (index) => entries[index]! };
}
