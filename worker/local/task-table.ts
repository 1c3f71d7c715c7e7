/** Downstream results as people read them: a row a task for one model, a column a task for several. */
import type { Result } from "../../shared/evaluate/result-schema.ts";
import { measured, significant } from "./numbers.ts";
import { alignLeft, alignPoints, table, type Column } from "./table.ts";
import { styled, wrap } from "./terminal.ts";
import type { Labelled } from "../../shared/evaluate/labelled.ts";

interface Score {
  readonly value: number;
  readonly standardError: number | null;
}

/** Lines for one model; none where its suite has no tasks. */
export function taskSheet({ probes = {}, zeroShot = {} }: Result, width: number): string[] {
  const blocks: string[][] = [];
  // What could not be run is told of in the warnings.
  if (Object.values(probes).some(({ accuracy }) => accuracy)) blocks.push(probeLines(probes, width));
  const shots = Object.entries(zeroShot).flatMap(([id, each]) => (each.accuracy ? [{ id, ...each }] : []));
  if (shots.length > 0) {
    blocks.push(
      table(
        [
          { head: "without training", align: "left", cells: shots.map(({ id }) => id) },
          column(
            "accuracy\n%",
            shots.map(({ accuracy }) => percentText(accuracy)),
          ),
          column(
            "chance\n%",
            shots.map(({ chance }) => plainPercent(chance)),
          ),
        ],
        width,
      ),
    );
  }
  return blocks.flatMap((lines, i) => (i === 0 ? lines : ["", ...lines]));
}

function probeLines(probes: NonNullable<Result["probes"]>, width: number): string[] {
  const run = Object.entries(probes).flatMap(([id, probe]) => (probe.accuracy ? [{ id, ...probe }] : []));
  const layers = run[0]?.layers ?? [];
  const curve = layers.map(({ layer }, l): Column =>
    column(
      layer === null ? "embed-\ndings" : `layer\n${layer}`,
      run.map((probe) => plainPercent(probe.layers[l]?.accuracy?.value ?? null)),
    ),
  );
  return [
    ...table(
      [
        { head: "probe", align: "left", cells: run.map(({ id }) => id) },
        column(
          "accuracy\n%",
          run.map(({ accuracy }) => percentText(accuracy)),
        ),
        column(
          "over one-hot\nwords",
          run.map(({ oneHotBaseline }) => gainText(oneHotBaseline.gain)),
        ),
        column(
          "over random\nweights",
          run.map(({ randomBaseline }) => (randomBaseline.accuracy ? gainText(randomBaseline.gain) : "–")),
        ),
        column(
          "chance\n%",
          run.map(({ chance }) => plainPercent(chance)),
        ),
        column(
          "macro-F1\n%",
          run.map(({ macroF1 }) => percentText(macroF1)),
        ),
        column(
          "selectivity",
          run.map(({ selectivity }) => (selectivity.value === null ? "–" : gainText(selectivity))),
        ),
        column(
          "compression",
          run.map(({ codelength }) =>
            codelength.value === null ? "–" : measuredText(codelength.compression),
          ),
        ),
        ...curve,
      ],
      width,
    ),
    "",
    ...wrap(
      "Probes of the last layer, value ± standard error over test sentences; gains and selectivity in percentage " +
        "points. Compression: how many times shorter the labels' online code is than without features. Layers at one penalty.",
      width,
      "",
    ).map((line) => styled("dim", line)),
  ];
}

/** A column for each task that some model was given. */
export function taskColumns(results: readonly Labelled[]): Column[] {
  const idsOf = (tasks: (result: Result) => object | undefined) => [
    ...new Set(results.flatMap(({ result }) => Object.keys(tasks(result) ?? {}))),
  ];
  const probes = idsOf(({ probes }) => probes).map((id): Column => {
    const cells = results.map(({ result }) => {
      const probe = result.probes?.[id];
      if (!probe) return ["", ""] as const;
      if (!probe.accuracy) return ["–", ""] as const;
      const random = probe.randomBaseline.accuracy;
      const baselines = [random, probe.oneHotBaseline.accuracy].map((score) =>
        score ? plainPercent(score.value) : "–",
      );
      return [percentText(probe.accuracy), `(${baselines.join(", ")})`] as const;
    });
    return joined(id, cells);
  });
  const shots = idsOf(({ zeroShot }) => zeroShot).map((id): Column => {
    const cells = results.map(({ result }) => {
      const shot = result.zeroShot?.[id];
      if (!shot) return ["", ""] as const;
      return [shot.accuracy ? percentText(shot.accuracy) : "–", ""] as const;
    });
    return joined(id.replace("-", "-\n"), cells);
  });
  return [...probes, ...shots];
}

/** What the columns of tasks mean; null without them. */
export function taskLegend(results: readonly Labelled[]): string | null {
  const some = (tasks: (result: Result) => object | undefined) =>
    results.some(({ result }) => Object.keys(tasks(result) ?? {}).length > 0);
  if (some(({ probes }) => probes)) {
    return "tasks: accuracy of the last layer's probe ± standard error (random weights, one-hot words) in %";
  }
  return some(({ zeroShot }) => zeroShot) ? "tasks: accuracy ± standard error in %" : null;
}

function joined(head: string, cells: readonly (readonly [string, string])[]): Column {
  const values = alignPoints(cells.map(([value]) => value));
  const rest = alignLeft(cells.map(([, text]) => text));
  return { head, align: "right", cells: values.map((value, i) => `${value} ${rest[i]!}`.trimEnd()) };
}

const column = (head: string, cells: readonly string[]): Column => ({
  head,
  align: "right",
  cells: alignPoints(cells),
});

function percentText({ value, standardError }: Score): string {
  return measuredText({
    value: 100 * value,
    standardError: standardError === null ? null : 100 * standardError,
  });
}

function gainText(score: Score): string {
  return `${score.value >= 0 ? "+" : ""}${percentText(score)}`;
}

function measuredText({ value, standardError }: Score): string {
  const [text, error] = measured(value, standardError);
  return error ? `${text} ± ${error}` : text;
}

function plainPercent(share: number | null): string {
  return share === null ? "–" : significant(100 * share, 3);
}
