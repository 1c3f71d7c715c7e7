/**
 * Writes the findings page from the zoo's committed results:
 *
 *     npm run -s findings > models/zoo/FINDINGS.md
 */
import { readdir, readFile } from "node:fs/promises";
import { format } from "prettier";
import { resultSchema, type Result } from "../shared/evaluate/result-schema.ts";
import { comparePaired, type Comparison } from "../shared/statistics/index.ts";
import {
  accuracies,
  answersOf,
  examplesOf,
  study,
  type StudyAssociation,
  type StudyCheckpoint,
} from "../shared/statistics/study.ts";

const FOLDER = new URL("zoo/pcfg-mini/results/", import.meta.url);
const TRACES = ["fisher-trace", "hessian-trace"] as const;
const TASKS = ["task-A", "task-B", "task-C", "minimal-pairs"] as const;
const LABELS: Readonly<Record<string, string>> = {
  "excess-loss": "excess loss",
  "fisher-trace": "Tr F",
  "hessian-trace": "Tr ∇²L",
  "empirical-fisher-trace": "empirical Fisher",
};

const VERDICT = { predicts: "flatter is better", reversed: "flatter is worse" } as const;

const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".json")).sort();
const results = await Promise.all(
  names.map(async (name) => resultSchema.parse(JSON.parse(await readFile(new URL(name, FOLDER), "utf8")))),
);
const found = study(results);
const sorted = [...found.checkpoints].sort((a, b) => excessOf(a) - excessOf(b));

const page = [
  "# What the zoo shows",
  "",
  "Made by `npm run -s findings > models/zoo/FINDINGS.md` from the results in `models/zoo/pcfg-mini/results/`, which",
  "`npm start` made from the checkpoints beside them. Every number is as it came out.",
  "",
  "## The question",
  "",
  "Liu et al. (2023) hold pre-training loss fixed at its optimum and vary how models get there. They report that the",
  "model with the smaller trace of the Hessian transfers better, whichever way is taken:",
  "",
  ...table(
    ["way", "what is compared (paper)", "trace", "accuracy of the probe, %"],
    [
      ["sizes", "PCFG, task B, smaller → larger model", "19.8 → 12.6", "40.4 → 50.5"],
      [
        "algorithms",
        "PCFG, task C, 235 M: AdamW against adversarial",
        "8.01 ± 0.73 against 19.34 ± 0.92",
        "55.7 ± 0.6 against 50.2 ± 1.0",
      ],
      ["steps", "SGD after convergence, 235 M, task C", "falls", "+1.6"],
    ],
  ),
  "",
  "Ours is the same question on a small scale: `pcfg-mini@1`, transformers of some 30 to 230 thousand parameters trained",
  "on a CPU, with the exact excess loss in place of the loss, and errors on everything. The paper's models are three",
  "orders of magnitude larger and its language is much richer, so agreement or disagreement here settles nothing there.",
  "",
  "## The checkpoints",
  "",
  ...table(
    ["checkpoint", "algorithm", "parameters", "excess loss", ...TRACES.map(label), ...TASKS.map(percentHead)],
    sorted.map(({ name, result }) => [
      name,
      String(result.checkpoint.card?.["algorithm"] ?? ""),
      result.checkpoint.parameters.toLocaleString("en-US"),
      measure(result, "excess-loss"),
      ...TRACES.map((id) => measure(result, id)),
      ...TASKS.map((id) => accuracy(result, id)),
    ]),
  ),
  "",
  "Value ± standard error over examples or test sentences. Accuracies are of a linear probe on the last layer's",
  "concatenated features (projected to 256 dimensions), minimal pairs without training. Adversarial checkpoints were",
  "trained to hide the labels of task A. Baselines on the same sentences:",
  "",
  ...table(
    [
      "task",
      "chance",
      "one-hot words",
      "random weights (least to most)",
      "gain over one-hot (least to most)",
      "gain over random (least to most)",
    ],
    TASKS.flatMap((id) => baselineRow(id)),
  ),
  "",
  "## Equal loss",
  "",
  ...cohortText(),
  "",
  "## Flatness and transfer",
  "",
  "Spearman's coefficient between a trace and an accuracy; negative means that flatter goes with better. Intervals",
  "resample independent runs and p-values permute them (a run that goes on from another counts with it); p is adjusted",
  "by Holm over all rows of the table.",
  "",
  "In the largest cohort of equal loss (of several as large, that of lowest loss); five runs can hardly decide anything:",
  "",
  ...associationTable(found.matched),
  "",
  "Over all checkpoints, with the coefficient given the excess loss beside it:",
  "",
  ...associationTable(found.overall),
  "",
  "## Steps, sizes, algorithms",
  "",
  "Pairs of checkpoints, second minus first, ± the error of the paired difference over common examples and test sentences.",
  "That error knows nothing of other training runs or other training sets of the probe: the pairs of seeds show what",
  "another run alone can do. One-hot words solve task C, so nothing can be gained there.",
  "",
  ...wayTable(),
  "",
  "## What this says",
  "",
  ...verdicts(),
  "",
].join("\n");
process.stdout.write(await format(page, { parser: "markdown", printWidth: 110 }));

function excessOf({ result }: StudyCheckpoint): number {
  return result.measures["excess-loss"]?.value ?? Infinity;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function label(id: string): string {
  return LABELS[id] ?? id;
}

function percentHead(id: string): string {
  return `${id}, %`;
}

/** The error to two significant digits, the value to the same decimal. */
function withError(value: number, error: number | null): string {
  if (error === null || !(error > 0)) return value.toPrecision(4);
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(Number(error.toPrecision(2)))));
  return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`;
}

function measure(result: Result, id: string): string {
  const found = result.measures[id];
  if (!found || found.value === null) return "–";
  return withError(found.value, found.standardError);
}

function accuracy(result: Result, id: string): string {
  const score = result.probes?.[id]?.accuracy ?? result.zeroShot?.[id]?.accuracy;
  return score
    ? withError(100 * score.value, score.standardError === null ? null : 100 * score.standardError)
    : "–";
}

function baselineRow(id: string): string[][] {
  const probes = results.flatMap(({ probes }) => {
    const probe = probes?.[id];
    return probe?.accuracy ? [probe] : [];
  });
  const [first] = probes;
  if (!first) return [];
  const range = (values: readonly number[]) =>
    `${(100 * Math.min(...values)).toFixed(1)} to ${(100 * Math.max(...values)).toFixed(1)}`;
  const random = probes.flatMap(({ randomBaseline }) => (randomBaseline.accuracy ? [randomBaseline] : []));
  return [
    [
      id,
      (100 * first.chance).toFixed(1),
      withError(
        100 * first.oneHotBaseline.accuracy.value,
        100 * (first.oneHotBaseline.accuracy.standardError ?? 0),
      ),
      range(random.map((each) => each.accuracy.value)),
      range(probes.map(({ oneHotBaseline }) => oneHotBaseline.gain.value)),
      range(random.map(({ gain }) => gain.value)),
    ],
  ];
}

function cohortText(): string[] {
  const { cohorts, tolerance } = found;
  if (cohorts.cohorts.length === 0)
    return [`No three checkpoints have surely equal loss within ${tolerance} nats.`];
  return [
    `Checkpoints of which every pair differs in excess loss by at most ${tolerance} nats, 1.96 errors of the paired`,
    "difference included:",
    "",
    ...cohorts.cohorts.map(({ members, lowest, highest }) => {
      const list = members.map((index) => found.checkpoints[index]!);
      const runs = new Set(list.map(({ lineage }) => lineage)).size;
      return `- ${list.length} checkpoints of ${runs} independent runs, ${lowest.toFixed(4)} to ${highest.toFixed(4)} nats: ${list.map(({ name }) => name).join(", ")}`;
    }),
  ];
}

function associationTable(rows: readonly StudyAssociation[]): string[] {
  if (rows.length === 0) return ["There is no cohort of three or more."];
  return table(
    ["trace", "task", "checkpoints / runs", "Spearman", "95 % interval", "given loss", "p (Holm)", "verdict"],
    rows.map(({ trace, task, association, adjustedPValue, judgement }) => {
      const { spearman, partial, checkpoints, runs } = association;
      const number = (value: number | null = null) => (value === null ? "–" : value.toFixed(2));
      return [
        label(trace),
        task,
        `${checkpoints} / ${runs}`,
        number(spearman.value),
        spearman.interval ? spearman.interval.map(number).join(" to ") : "–",
        number(partial?.spearman.value),
        adjustedPValue === null ? "–" : adjustedPValue.toPrecision(2),
        judgement.verdict === "undecided" ? `undecided: ${judgement.reason}` : VERDICT[judgement.verdict],
      ];
    }),
  );
}

/** Pairs along the paper's three ways; those whose checkpoints are not in the zoo are left out. */
function wayPairs(): { way: string; first: StudyCheckpoint; second: StudyCheckpoint }[] {
  const last = (run: string) =>
    found.checkpoints
      .filter(({ result }) => result.checkpoint.card?.run === run)
      .sort((a, b) => (a.result.checkpoint.card?.step ?? 0) - (b.result.checkpoint.card?.step ?? 0))
      .at(-1);
  const pairs = [
    ["steps: SGD after convergence", "adamw-d48-s1", "sgd-d48-s1"],
    ["sizes: 32 → 48", "adamw-d32-s1", "adamw-d48-s1"],
    ["sizes: 48 → 64", "adamw-d48-s1", "adamw-d64-s1"],
    ["sizes: 48 → 96", "adamw-d48-s1", "adamw-d96-s1"],
    ["algorithms: AdamW → adversarial", "adamw-d48-s1", "adversarial-d48-s1"],
    ["algorithms: AdamW → exact conditionals", "adamw-d48-s1", "exact-d48-s1"],
    ["seeds", "adamw-d32-s1", "adamw-d32-s2"],
    ["seeds", "adamw-d48-s1", "adamw-d48-s2"],
    ["seeds", "adamw-d64-s1", "adamw-d64-s2"],
  ] as const;
  return pairs.flatMap(([way, from, to]) => {
    const [first, second] = [last(from), last(to)];
    return first && second ? [{ way, first, second }] : [];
  });
}

function wayTable(): string[] {
  const rows = wayPairs().map(({ way, first: a, second: b }) => {
    const shown = ["excess-loss", ...TRACES].map((id) =>
      difference(examplesOf(b.result, id), examplesOf(a.result, id), 1),
    );
    const tasks = TASKS.map((id) => difference(answersOf(b.result, id), answersOf(a.result, id), 100));
    return [way, a.name, b.name, ...shown, ...tasks];
  });
  return table(
    ["way", "first", "second", "excess loss", ...TRACES.map(label), ...TASKS.map(percentHead)],
    rows,
  );
}

/** What a pair's differences say in words, at two-sided 5 % each. */
function waySentences(): string[] {
  const told = (comparison: Comparison | null, up: string, down: string) => {
    if (!comparison || comparison.pValue === null || comparison.pValue > 0.05) return "not told apart";
    return comparison.difference > 0 ? up : down;
  };
  const compare = (a: readonly number[] | null, b: readonly number[] | null) =>
    a && b ? comparePaired(a, b) : null;
  return wayPairs().map(({ way, first, second }) => {
    const loss = told(
      compare(examplesOf(second.result, "excess-loss"), examplesOf(first.result, "excess-loss")),
      "higher",
      "lower",
    );
    const trace = told(
      compare(examplesOf(second.result, "fisher-trace"), examplesOf(first.result, "fisher-trace")),
      "sharper",
      "flatter",
    );
    const tasks = ["task-A", "task-B", "task-C"].map(
      (id) =>
        `${id} ${told(compare(answersOf(second.result, id), answersOf(first.result, id)), "better", "worse")}`,
    );
    return `- ${way}: excess loss ${loss}, ${trace}; ${tasks.join(", ")}.`;
  });
}

function difference(a: readonly number[] | null, b: readonly number[] | null, scale: number): string {
  if (!a || !b) return "–";
  const comparison: Comparison = comparePaired(a, b);
  const { difference: value, standardError } = comparison;
  const text = withError(scale * value, standardError === null ? null : scale * standardError);
  return value > 0 ? `+${text}` : text;
}

function verdicts(): string[] {
  const count = (rows: readonly StudyAssociation[], verdict: string) =>
    rows.filter(({ judgement }) => judgement.verdict === verdict).length;
  const sentence = (where: string, rows: readonly StudyAssociation[]) =>
    `- ${where}: of ${rows.length} pairs of trace and task, flatter goes significantly with better in ` +
    `${count(rows, "predicts")}, with worse in ${count(rows, "reversed")}; ${count(rows, "undecided")} are undecided.`;
  return [
    sentence("At equal loss", found.matched),
    sentence("Over all checkpoints", found.overall),
    ...waySentences(),
    `- All of it rests on ${new Set(found.checkpoints.map(({ lineage }) => lineage)).size} independent runs of one small language.`,
    `- Accuracies of ${Object.keys(accuracies(sorted[0]!.result)).length} tasks are looked at together, which Holm's adjustment accounts for.`,
  ];
}
