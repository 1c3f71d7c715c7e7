/** Downstream results against their replay. */
import type { Result } from "../../shared/evaluate/result-schema.ts";
import type { Comparison } from "./compare-results.ts";

type Tasks = Pick<Result, "probes" | "zeroShot">;

/**
 * Test examples whose answer may differ: rounding decides between answers that are as good, and where a fit stops. A
 * penalty chosen among equals may differ too, so accuracies are compared, not weights.
 */
const TOLERATED = 4;
/** Of a codelength, which adds up many fits. */
const CODELENGTH = 1e-2;

/** Every number of every task that either has. */
export function compareTasks(claimed: Tasks, again: Tasks): Comparison[] {
  return [...compareProbes(claimed, again), ...compareZeroShot(claimed, again)];
}

function compareProbes(claimed: Tasks, again: Tasks): Comparison[] {
  return idsOf(claimed.probes, again.probes).flatMap((id) => {
    const [a, b] = [claimed.probes?.[id], again.probes?.[id]];
    if (!a?.accuracy || !b?.accuracy) return undefinedOnBothSides(id, a, b);
    const allowed = TOLERATED / Math.max(1, b.correct.length);
    const [random, randomAgain] = [a.randomBaseline.accuracy, b.randomBaseline.accuracy];
    return [
      compare(`${id} accuracy`, a.accuracy.value, b.accuracy.value, allowed),
      compare("  its digits", share(a.correct), share(b.correct), allowed),
      compare("  macro-F1", a.macroF1.value, b.macroF1.value, 2 * allowed * b.classes),
      compare("  one-hot words", a.oneHotBaseline.accuracy.value, b.oneHotBaseline.accuracy.value, allowed),
      compare("  random weights", random?.value ?? null, randomAgain?.value ?? null, allowed),
      compare(
        "  codelength",
        a.codelength.value,
        b.codelength.value,
        CODELENGTH * Math.abs(b.codelength.value ?? 0),
      ),
      compare("  selectivity", a.selectivity.value, b.selectivity.value, 2 * allowed),
      compare(
        "  largest difference of a layer",
        a.layers.length === b.layers.length
          ? a.layers.reduce(
              (most, { accuracy }, l) =>
                Math.max(most, Math.abs(accuracy.value - b.layers[l]!.accuracy.value)),
              0,
            )
          : Infinity,
        0,
        allowed,
      ),
    ];
  });
}

function compareZeroShot(claimed: Tasks, again: Tasks): Comparison[] {
  return idsOf(claimed.zeroShot, again.zeroShot).flatMap((id) => {
    const [a, b] = [claimed.zeroShot?.[id], again.zeroShot?.[id]];
    if (!a?.accuracy || !b?.accuracy) return undefinedOnBothSides(id, a, b);
    const items = (b.margins.length * 3) / 16;
    return [compare(`${id} accuracy`, a.accuracy.value, b.accuracy.value, TOLERATED / Math.max(1, items))];
  });
}

/** A task that could not be asked on either side agrees. */
function undefinedOnBothSides(
  id: string,
  a: { readonly accuracy: object | null } | undefined,
  b: { readonly accuracy: object | null } | undefined,
): Comparison[] {
  if (a && b && !a.accuracy && !b.accuracy) return [];
  const text = (side: typeof a) => (side ? (side.accuracy ? "an accuracy" : "undefined") : null);
  return [{ what: id, claimed: text(a), replayed: text(b), tolerance: 0, agrees: false }];
}

function compare(what: string, a: number | null, b: number | null, tolerance: number): Comparison {
  const agrees = a === null || b === null ? a === b : Math.abs(a - b) <= tolerance;
  return { what, claimed: a, replayed: b, tolerance, agrees };
}

/** The digits are what paired comparisons rest on: they must say what the accuracy says. */
function share(correct: string): number {
  return correct.length === 0 ? 0 : correct.replaceAll("0", "").length / correct.length;
}

function idsOf(a: object | undefined, b: object | undefined): string[] {
  return [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])];
}
