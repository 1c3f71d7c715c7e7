/** How the states of a hidden Markov model hang together. */

/** States that can occur in a sentence of at most `length` words. */
export function occurringStates(
  initial: readonly number[],
  transitions: readonly (readonly number[])[],
  length: number,
): Set<number> {
  const states = new Set(initial.flatMap((probability, state) => (probability > 0 ? [state] : [])));
  let latest = [...states];
  for (let position = 1; position < length && latest.length > 0; position++) {
    const next = latest.flatMap((from) =>
      transitions[from]!.flatMap((probability, to) => (probability > 0 && !states.has(to) ? [to] : [])),
    );
    latest = [...new Set(next)];
    for (const state of latest) states.add(state);
  }
  return states;
}
