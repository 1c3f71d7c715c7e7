/** Downstream results against their replay. */
import { decodeFloats } from "../../shared/evaluate/float-list.ts";
import type { Result } from "../../shared/evaluate/result-schema.ts";
import type { WrittenProbe } from "../../shared/probes/task-result-schema.ts";
import type { Comparison } from "./comparison.ts";

type Tasks = Pick<Result, "probes" | "zeroShot">;
type Probe = WrittenProbe;

/**
 * Test examples whose answer may differ: rounding decides between answers that are as good, and where a fit stops. A
 * penalty chosen among equals may differ too, so accuracies are compared, not weights.
 */
const TOLERATED = 4;
/** Of a codelength, which adds up many fits. */
const CODELENGTH = 1e-2;
/** Nats, and of margins above 1 nat relative to them. */
const MARGIN = 1e-2;

/** Every number of every task that either has. */
export function compareTasks(claimed: Tasks, again: Tasks): Comparison[] {
  return [...compareProbes(claimed, again), ...compareZeroShot(claimed, again)];
}

function compareProbes(claimed: Tasks, again: Tasks): Comparison[] {
  return idsOf(claimed.probes, again.probes).flatMap((id) => {
    const [a, b] = [claimed.probes?.[id], again.probes?.[id]];
    if (!a?.accuracy || !b?.accuracy) return undefinedOnBothSides(id, a, b);
    const allowed = TOLERATED / Math.max(1, b.correct.length);
    const [random, randomAgain] = [definedBaseline(a.randomBaseline), definedBaseline(b.randomBaseline)];
    const relative = (value: number | null | undefined) => CODELENGTH * Math.abs(value ?? 0);
    const compression = ({ codelength }: typeof a) =>
      codelength.value === null ? null : codelength.compression.value;
    return [
      compare(`${id} accuracy`, a.accuracy.value, b.accuracy.value, allowed),
      compare("  standard error", a.accuracy.standardError, b.accuracy.standardError, allowed),
      // With another penalty, chosen among equals, other answers may be as good.
      ...(a.l2 === b.l2
        ? [compare("  answers that differ", differing(a.correct, b.correct), 0, TOLERATED)]
        : []),
      compare("  macro-F1", a.macroF1.value, b.macroF1.value, 2 * allowed * b.classes),
      compare("  one-hot words", a.oneHotBaseline.accuracy.value, b.oneHotBaseline.accuracy.value, allowed),
      compare(
        "  gain over one-hot words",
        a.oneHotBaseline.gain.value,
        b.oneHotBaseline.gain.value,
        2 * allowed,
      ),
      compare("  random weights", random.accuracy, randomAgain.accuracy, allowed),
      compare("  gain over random weights", random.gain, randomAgain.gain, 2 * allowed),
      compare("  codelength", a.codelength.value, b.codelength.value, relative(b.codelength.value)),
      compare("  compression", compression(a), compression(b), relative(compression(b))),
      compare("  selectivity", a.selectivity.value, b.selectivity.value, 2 * allowed),
      compare("  largest difference of a layer", layerDifference(a.layers, b.layers), 0, allowed),
      ...unlessSame("chance", a.chance, b.chance),
      ...unlessSame("classes", a.classes, b.classes),
    ];
  });
}

function definedBaseline(baseline: Probe["randomBaseline"]): {
  accuracy: number | null;
  gain: number | null;
} {
  return baseline.accuracy
    ? { accuracy: baseline.accuracy.value, gain: baseline.gain.value }
    : { accuracy: null, gain: null };
}

/** Infinite where not the same layers have a score. */
function layerDifference(a: Probe["layers"], b: Probe["layers"]): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, { layer, accuracy }, l) => {
    const other = b[l]!;
    if (layer !== other.layer || (accuracy === null) !== (other.accuracy === null)) return Infinity;
    return accuracy && other.accuracy
      ? Math.max(most, Math.abs(accuracy.value - other.accuracy.value))
      : most;
  }, 0);
}

function compareZeroShot(claimed: Tasks, again: Tasks): Comparison[] {
  return idsOf(claimed.zeroShot, again.zeroShot).flatMap((id) => {
    const [a, b] = [claimed.zeroShot?.[id], again.zeroShot?.[id]];
    if (!a?.accuracy || !b?.accuracy) return undefinedOnBothSides(id, a, b);
    const [margins, marginsAgain] = [decodeFloats(a.margins), decodeFloats(b.margins)!];
    const allowed = TOLERATED / Math.max(1, marginsAgain.length);
    return [
      compare(`${id} accuracy`, a.accuracy.value, b.accuracy.value, allowed),
      compare("  standard error", a.accuracy.standardError, b.accuracy.standardError, allowed),
      compare("  largest difference of a margin", marginDifference(margins, marginsAgain), 0, MARGIN),
      ...unlessSame("chance", a.chance, b.chance),
    ];
  });
}

/** Relative to margins above 1 nat; infinite where there are not as many. */
function marginDifference(a: Float32Array | null, b: Float32Array): number {
  if (a?.length !== b.length) return Infinity;
  return a.reduce((most, margin, i) => {
    const difference = Math.abs(margin - b[i]!) / Math.max(1, Math.abs(b[i]!));
    return Math.max(most, Number.isNaN(difference) ? Infinity : difference);
  }, 0);
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

/** Settings are worth a line only where they are not those of the replay. */
function unlessSame(what: string, a: number, b: number): Comparison[] {
  return a === b ? [] : [compare(`  ${what}`, a, b, 0)];
}

/** Test sentences on which one is right and the other is not: what paired comparisons rest on. */
function differing(a: string, b: string): number {
  return a.length === b.length ? [...a].filter((digit, i) => digit !== b[i]).length : Infinity;
}

function idsOf(a: object | undefined, b: object | undefined): string[] {
  return [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])];
}
