/** A comparison of checkpoints as people read it. */
import { MEASURES } from "../../shared/measures/index.ts";
import type { Study, StudyAssociation } from "../../shared/statistics/study.ts";
import type { Tiers } from "../../shared/statistics/tiers.ts";
import { plural, significant } from "./numbers.ts";
import { table } from "./table.ts";
import { styled, wrap } from "./terminal.ts";

/** Lines of the whole comparison. */
export function studyLines(study: Study, width: number): string[] {
  return [
    ...cohortLines(study, width),
    "",
    ...runWarning(study, width),
    ...(study.matched.length > 0
      ? [
          styled(
            "bold",
            "Flatness and transfer at equal loss (largest cohort; of several, that of lowest loss)",
          ),
          ...associationLines(study.matched, width, false),
          "",
        ]
      : []),
    styled("bold", "Flatness and transfer over all checkpoints"),
    ...associationLines(study.overall, width, true),
    "",
    ...tierLines(study, width),
  ];
}

function cohortLines({ checkpoints, cohorts, lossMeasure, tolerance }: Study, width: number): string[] {
  const lineages = new Set(checkpoints.map(({ lineage }) => lineage));
  const head = `${plural(checkpoints.length, "checkpoint")} of ${plural(lineages.size, "independent run")}`;
  const shown = cohorts.cohorts.map(({ members, lowest, highest }) => {
    const names = members.map((index) => checkpoints[index]!);
    const runs = new Set(names.map(({ lineage }) => lineage)).size;
    const span = `${lossMeasure.replace("-", " ")} ${significant(lowest, 3)} to ${significant(highest, 3)}`;
    return `${members.length} from ${plural(runs, "run")}, ${span}: ${names.map(({ name }) => name).join(", ")}`;
  });
  return [
    styled("bold", head),
    ...wrap(
      shown.length === 0
        ? `No three have surely equal loss, within ${tolerance} nats.`
        : `Surely equal loss, every pair within ${tolerance} nats:`,
      width,
      "",
    ),
    ...shown.flatMap((text) => wrap(`  ${text}`, width, "    ")),
  ];
}

function runWarning({ checkpoints, withoutRun }: Study, width: number): string[] {
  if (withoutRun.length === 0) return [];
  const which =
    withoutRun.length === checkpoints.length ? "No checkpoint says" : `${withoutRun.length} do not say`;
  const text =
    `! ${which} in its card which run it is from, so each counts as a run of its own. If they share runs, intervals ` +
    "and p-values below are too good: write run (and startedFrom) into NAME.card.json and evaluate again.";
  return [...wrap(text, width, "  "), ""];
}

function associationLines(found: readonly StudyAssociation[], width: number, partial: boolean): string[] {
  if (found.length === 0) {
    return wrap("The results have no traces, or no downstream tasks: evaluate with --suite.", width, "");
  }
  const rows = found.map(({ trace, task, association, adjustedPValue, judgement }) => {
    const { spearman, kendall, partial: given, checkpoints, runs } = association;
    return {
      trace: labelOf(trace),
      task,
      n: `${checkpoints}/${runs}`,
      spearman: coefficientText(spearman.value),
      interval: spearman.interval ? spearman.interval.map(coefficientText).join(" to ") : "–",
      kendall: coefficientText(kendall.value),
      partial: coefficientText(given?.spearman.value ?? null),
      p: adjustedPValue === null ? "–" : significant(adjustedPValue, 2),
      verdict: VERDICTS[judgement.verdict],
    };
  });
  const column = (head: string, key: keyof (typeof rows)[number], align: "left" | "right" = "right") => ({
    head,
    align,
    cells: rows.map((row) => row[key]),
  });
  return [
    ...table(
      [
        column("trace", "trace", "left"),
        column("task", "task", "left"),
        column("points/\nruns", "n"),
        column("Spearman", "spearman"),
        column("95 % interval\nover runs", "interval"),
        column("Kendall", "kendall"),
        ...(partial ? [column("Spearman\ngiven loss", "partial")] : []),
        column("p (Holm)", "p"),
        column("", "verdict", "left"),
      ],
      width,
      2,
    ),
  ];
}

const VERDICTS = {
  predicts: "flatter is better",
  reversed: "flatter is worse",
  undecided: "undecided",
} as const;

function tierLines({ taskTiers, traceTiers }: Study, width: number): string[] {
  const block = (title: string, { tiers, method }: Tiers) => [
    styled("bold", `${title}`) + styled("dim", `  ${method} comparisons, Holm`),
    ...tiers.flatMap((members, i) =>
      wrap(`  ${i + 1}. ${members.map(({ id }) => id).join(", ")}`, width, "     "),
    ),
  ];
  return [
    ...Object.entries(traceTiers).flatMap(([id, tiers]) =>
      block(`Tiers by ${labelOf(id)}, flattest first`, tiers),
    ),
    ...Object.entries(taskTiers).flatMap(([id, tiers]) => block(`Tiers by ${id}, best first`, tiers)),
  ];
}

function labelOf(measure: string): string {
  return MEASURES.find(({ id }) => id === measure)?.label ?? measure;
}

function coefficientText(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}
