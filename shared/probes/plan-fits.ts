/**
 * The fits of a probe task, in pieces of a bearable length: what one layer or baseline needs together where that is
 * short enough, else its fits apart, those that need the chosen penalty after the others.
 */
import type { ProbeTask } from "../suites/task.ts";
import { fitOperations, oneHotColumns, preparationOperations } from "./fit-costs.ts";
import {
  firstFits,
  laterFits,
  type FitExtent,
  type FitResult,
  type FitSpec,
  type MainResult,
} from "./fit-probe-spec.ts";
import type { PieceLimits, PlannedPiece } from "./plan-pieces.ts";
import type { FeatureSource, FitPart, FitPieceResult, ProbeFeatures } from "./task-pieces.ts";

export interface FitFacts {
  /** Of the embeddings (null) and each layer. */
  readonly layers: readonly (number | null)[];
  readonly dimensions: number;
  /** Sentences of an extracted range. */
  readonly size: (source: FeatureSource) => number;
  /** Whether there are features of random weights. */
  readonly random: boolean;
}

/** Fits of one extent on the same features. */
interface Group {
  /** Part of piece ids. */
  readonly name: string;
  readonly features: ProbeFeatures;
  readonly extent: FitExtent;
  readonly columns: number;
}

/** All fits of a group (`fits` null), or one of them. */
interface Unit {
  readonly group: Group;
  readonly fits: readonly FitSpec[] | null;
  readonly operations: number;
  /** Of its results, about: what a piece gives must stay small. */
  readonly bytes: number;
}

/** Bytes that the codelength of a training sentence, and the class predicted for a test sentence, are written in. */
const CODE_BYTES = 3;
const CLASS_BYTES = 3;
const MOST_BYTES = 45_000;

/** All pieces that can be told from the results there are, done or not. */
export function planFits(
  task: ProbeTask,
  place: number,
  facts: FitFacts,
  fitted: ReadonlyMap<string, FitPieceResult>,
  limits: PieceLimits,
): PlannedPiece[] {
  const groups = groupsOf(task, facts);
  const isSplit = (group: Group) =>
    group.extent !== "quick" && wholeUnit(task, group).operations > limits.operations;
  // Words alone, where they take long, are the same for every checkpoint: their pieces are called alike for all.
  const isApart = (group: Group) => group.features.source === "one-hot" && isSplit(group);
  const firstOf = (chosen: readonly Group[]) =>
    chosen.flatMap((group) =>
      isSplit(group)
        ? firstFits(group.extent).map((fit) => fitUnit(task, group, fit))
        : [wholeUnit(task, group)],
    );
  const together = groups.filter((group) => !isApart(group));
  const planned = [
    ...pieces(`fit/${place}/first`, place, firstOf(together), limits),
    ...groups
      .filter(isApart)
      .flatMap((group) => pieces(`fit/${place}/words`, place, firstOf([group]), limits)),
  ];
  const later = groups.filter(isSplit).flatMap((group) => {
    const main = mainFit(group, planned, fitted);
    if (!main) return [];
    const fits = laterFits(main, group.extent === "full" ? { types: true } : {});
    const units = fits.map((fit) => fitUnit(task, group, fit));
    return pieces(`fit/${place}/${group.name}-later`, place, units, limits);
  });
  return [...planned, ...later];
}

/** Those of one layer follow each other, so that its features are prepared once. */
function groupsOf(task: ProbeTask, { layers, dimensions, size, random }: FitFacts): Group[] {
  const layer = (state: number, extent: FitExtent): Group => ({
    name: `state-${state}`,
    features: { source: "model", state, layer: layers[state] ?? null, size: size("model") },
    extent,
    columns: dimensions,
  });
  const randomWeights: Group = {
    name: "random",
    features: { source: "random", size: size("random") },
    extent: "scores",
    columns: dimensions,
  };
  const words: Group = {
    name: "words",
    features: { source: "one-hot" },
    extent: "scores",
    columns: oneHotColumns(task),
  };
  return [
    ...layers.map((_, state) => layer(state, "quick")),
    layer(Math.max(0, layers.length - 1), "full"),
    ...(random ? [randomWeights] : []),
    words,
  ];
}

function wholeUnit(task: ProbeTask, group: Group): Unit {
  const fits = firstFits(group.extent);
  // The cost of later fits does not depend on the penalty.
  const later =
    group.extent === "quick" ? [] : laterFits({ l2: 1 }, group.extent === "full" ? { types: true } : {});
  return {
    group,
    fits: null,
    operations: costOf(task, group, [...fits, ...later]),
    bytes: 3000 + task.test.length,
  };
}

function fitUnit(task: ProbeTask, group: Group, fit: FitSpec): Unit {
  return {
    group,
    fits: [fit],
    operations: costOf(task, group, [fit]),
    bytes:
      fit.kind === "codelength"
        ? CODE_BYTES * task.train.length
        : fit.kind === "resample"
          ? 200
          : CLASS_BYTES * task.test.length,
  };
}

function costOf(task: ProbeTask, { columns }: Group, fits: readonly FitSpec[]): number {
  return fits.reduce(
    (sum, fit) => sum + fitOperations(fit, task, columns),
    preparationOperations(task, columns),
  );
}

/** Units one after another, as many in a piece as the limits allow. */
function pieces(prefix: string, place: number, units: readonly Unit[], limits: PieceLimits): PlannedPiece[] {
  const packed: Unit[][] = [];
  const total = (list: readonly Unit[], of: "operations" | "bytes") =>
    list.reduce((sum, unit) => sum + unit[of], 0);
  for (const unit of units) {
    const last = packed.at(-1);
    const joined = [...(last ?? []), unit];
    const fits =
      last && total(joined, "operations") <= limits.operations && total(joined, "bytes") <= MOST_BYTES;
    if (fits) last.push(unit);
    else packed.push([unit]);
  }
  return packed.map((list, i) => ({
    id: `${prefix}/${i}`,
    piece: { kind: "fit", task: place, parts: partsOf(list) },
    operations: total(list, "operations"),
  }));
}

/** Fits of a group that share a piece are one part of it. */
function partsOf(units: readonly Unit[]): FitPart[] {
  const parts: FitPart[] = [];
  let previous: Group | undefined;
  for (const { group, fits } of units) {
    const { features, extent } = group;
    const last = parts.at(-1);
    if (fits && last?.fits && previous === group) {
      parts[parts.length - 1] = { ...last, fits: [...last.fits, ...fits] };
    } else parts.push({ features, extent, fits });
    previous = group;
  }
  return parts;
}

/** The group's main fit, once it is there and could be made. */
function mainFit(
  group: Group,
  planned: readonly PlannedPiece[],
  fitted: ReadonlyMap<string, FitPieceResult>,
): MainResult | undefined {
  for (const { id, piece } of planned) {
    if (piece.kind !== "fit") continue;
    const results = fitted.get(id)?.parts ?? [];
    for (const [i, { features, extent }] of piece.parts.entries()) {
      const result = results[i];
      if (features !== group.features || extent !== group.extent || !result || !("fits" in result)) continue;
      const main = result.fits.find((fit: FitResult): fit is MainResult => fit.kind === "main");
      if (main) return main;
    }
  }
  return undefined;
}
