/** Accuracies of probes, layer by layer. */
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { measured } from "../../../../shared/numbers.ts";
import type { Level, Point } from "../../parts/chart/series.ts";

export type Probe = NonNullable<Result["probes"]>[string];
export type RunProbe = Extract<Probe, { chance: number }>;

/** Where embeddings stand before the layers. */
export const EMBEDDINGS = -1;

export interface ProbeCurve {
  readonly points: readonly Point[];
  readonly places: readonly { readonly value: number; readonly label: string }[];
  readonly levels: readonly Level[];
}

/** How baselines are dashed, in every chart alike. */
export const BASELINES = {
  chance: { name: "chance", dashes: "1 3" },
  words: { name: "one-hot words", dashes: "7 3" },
  random: { name: "random weights", dashes: "7 3 1 3" },
} as const;

export function probeCurve(probe: RunProbe): ProbeCurve {
  const { layers, chance, oneHotBaseline, randomBaseline } = probe;
  const random = randomBaseline.accuracy?.value;
  return {
    points: layers.map(({ layer, accuracy }) => ({
      x: layer ?? EMBEDDINGS,
      y: accuracy?.value ?? NaN,
      error: accuracy?.standardError ?? NaN,
      text: accuracy ? `${layerName(layer)}: ${percentText(accuracy)}` : `${layerName(layer)}: not fitted`,
    })),
    places: layers.map(({ layer }) => ({
      value: layer ?? EMBEDDINGS,
      label: layer === null ? "emb." : String(layer),
    })),
    levels: [
      { ...BASELINES.chance, y: chance },
      { ...BASELINES.words, y: oneHotBaseline.accuracy.value },
      ...(random === undefined ? [] : [{ ...BASELINES.random, y: random }]),
    ],
  };
}

export const layerName = (layer: number | null): string => (layer === null ? "embeddings" : `layer ${layer}`);

export interface Share {
  readonly value: number;
  readonly standardError: number | null;
}

/** `85.35 ± 0.79 %` */
export function percentText(share: Share): string {
  const [value, error] = percentParts(share);
  return error === "" ? `${value} %` : `${value} ± ${error} %`;
}

/** In per cent, without the sign. */
export function percentParts({ value, standardError }: Share): readonly [value: string, error: string] {
  const [text, error] = measured(100 * value, standardError === null ? null : 100 * standardError);
  return error === "" ? [(100 * value).toFixed(1), ""] : [text, error];
}

/** A difference of shares, in percentage points with its sign. */
export function gainText({ value, standardError }: Share): string {
  const [text, error] = percentParts({ value: Math.abs(value), standardError });
  const sign = Number(text) === 0 ? "" : value < 0 ? "−" : "+";
  return error === "" ? `${sign}${text}` : `${sign}${text} ± ${error}`;
}

/** Why some of a probe's numbers are undefined: what it is, and the reason. */
export function undefinedParts(probe: RunProbe): { readonly what: string; readonly reason: string }[] {
  const { randomBaseline, selectivity, codelength, layers } = probe;
  return [
    ...(randomBaseline.accuracy === null ? [{ what: "random weights", reason: randomBaseline.reason }] : []),
    ...(selectivity.value === null ? [{ what: "selectivity", reason: selectivity.reason }] : []),
    ...(codelength.value === null ? [{ what: "compression", reason: codelength.reason }] : []),
    ...layers.flatMap(({ layer, ...rest }) =>
      rest.accuracy === null ? [{ what: layerName(layer), reason: rest.reason }] : [],
    ),
  ];
}

/** Tasks of one kind that the result tells of, in the order of the suite. */
export function tasksOf<Task>(
  tasks: Readonly<Record<string, Task>> | undefined,
  suite: Pick<PublishedSuite, "tasks">,
): { readonly id: string; readonly title: string; readonly description: string; readonly task: Task }[] {
  return suite.tasks.flatMap(({ id, title, description }) => {
    const task = tasks?.[id];
    return task === undefined ? [] : [{ id, title, description, task }];
  });
}
