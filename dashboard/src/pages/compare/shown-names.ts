/** What checkpoints are called where several stand side by side. */

/** Names; those that are alike have the beginning of their ids behind them. */
export function shownNames(checkpoints: readonly { readonly id: string; readonly name: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of checkpoints) counts.set(name, (counts.get(name) ?? 0) + 1);
  return checkpoints.map(({ id, name }) => (counts.get(name)! > 1 ? `${name} (${id.slice(0, 6)}…)` : name));
}
