/** Runs that go on from one another are no independent evidence: what they share counts once. */

export interface RunOrigin {
  /** Null where it is not known. */
  readonly run: string | null;
  /** The run that this one goes on from; null where it began anew. */
  readonly startedFrom: string | null;
}

/**
 * By checkpoint, the run in which its chain of runs began; null where its own is not known. Of a run whose checkpoints
 * disagree the first one counts. A run that nobody is from may still be where others began; a circle is left where it
 * closes.
 */
export function lineages(checkpoints: readonly RunOrigin[]): (string | null)[] {
  const before = new Map<string, string | null>();
  for (const { run, startedFrom } of checkpoints)
    if (run !== null && !before.has(run)) before.set(run, startedFrom);
  const roots = new Map<string, string>();
  const rootOf = (run: string) => {
    const seen = new Set<string>();
    for (let current = run; ;) {
      seen.add(current);
      const next = before.get(current) ?? null;
      if (next === null || seen.has(next)) return current;
      current = next;
    }
  };
  return checkpoints.map(({ run }) => {
    if (run === null) return null;
    let root = roots.get(run);
    if (root === undefined) roots.set(run, (root = rootOf(run)));
    return root;
  });
}
