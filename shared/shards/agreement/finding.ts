/** What comparing two runs of a shard found. */

export interface Agreement {
  readonly agrees: boolean;
  /** One line, for people: what was compared, and how far apart it is. */
  readonly detail: string;
}

/** Disagreements that are told: those that follow are mostly of the same cause. */
const TOLD = 3;

/** All agree, or which do not. */
export function together(findings: readonly Agreement[]): Agreement {
  const wrong = findings.filter(({ agrees }) => !agrees);
  const told = wrong.length > 0 ? wrong.slice(0, TOLD) : findings;
  const more = wrong.length > TOLD ? `; and ${wrong.length - TOLD} more` : "";
  return {
    agrees: wrong.length === 0,
    detail: told.map(({ detail }) => detail).join("; ") + more,
  };
}

/** Something that must be the same on every machine. */
export function same(what: string, made: unknown, replayed: unknown): Agreement[] {
  const [first, second] = [made, replayed].map((value) => JSON.stringify(value) ?? "nothing");
  if (first === second) return [];
  return [{ agrees: false, detail: `${what}: ${cut(first!)}, and ${cut(second!)} when it was run again` }];
}

/** Numbers whose largest difference is told; `tolerances` one for each, or one for all. */
export function within(
  what: string,
  made: readonly number[],
  replayed: readonly number[],
  tolerances: number | readonly number[],
  unit = "",
): Agreement {
  if (made.length !== replayed.length) {
    return {
      agrees: false,
      detail: `${what}: ${made.length} numbers, and ${replayed.length} when it was run again`,
    };
  }
  let [worst, place] = [-1, 0];
  made.forEach((value, i) => {
    const tolerance = typeof tolerances === "number" ? tolerances : tolerances[i]!;
    // Equal infinities are equal; anything else that is not finite agrees with nothing.
    const ratio = Object.is(value, replayed[i]) ? 0 : Math.abs(value - replayed[i]!) / tolerance;
    if (!(ratio <= worst)) [worst, place] = [ratio, i];
    if (Number.isNaN(ratio)) worst = Infinity;
  });
  const apart = made.length === 0 ? 0 : Math.abs(made[place]! - replayed[place]!);
  const where = worst > 1 && made.length > 1 ? ` at ${place}` : "";
  return {
    agrees: worst <= 1,
    detail: `${what} ${Number.isFinite(apart) ? apart.toPrecision(2) : "not finite"}${unit && ` ${unit}`} apart${where}`,
  };
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
