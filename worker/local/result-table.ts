/** Results as people read them: a sheet for one model, a row a model for several. */
import type { Result } from "../../shared/evaluate/result-schema.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { shortened } from "./labels.ts";
import type { Labelled } from "../../shared/evaluate/labelled.ts";
import { grouped, measured, plural, short, significant, stepText } from "./numbers.ts";
import { alignLeft, alignPoints, table, type Column } from "./table.ts";
import { taskColumns, taskLegend, taskSheet } from "./task-table.ts";
import { printable, styled, wrap } from "./terminal.ts";

/** The width of a table over the width that labels may take of it. */
const LABEL_SHARE = 3.6;

/** Lines for any number of results. */
export function resultLines(results: readonly Labelled[], width: number): string[] {
  return results.length === 1 ? sheet(results[0]!, width) : rows(results, width);
}

function sheet({ label, result }: Labelled, width: number): string[] {
  const tasks = taskSheet(result, width);
  const shown = MEASURES.filter(({ id }) => result.measures[id]);
  const cells = shown.map(({ id }) => numbersOf(result, id));
  const directions = cells.map(({ directionError }) => directionError);
  const column = (head: string, texts: readonly string[]): Column => ({
    head,
    align: "right",
    cells: alignPoints(texts),
  });
  return [
    `${styled("bold", label)}  ${parametersText(result)}`,
    ...settings([result], width),
    "",
    ...table(
      [
        { head: "", align: "left", cells: shown.map((measure) => measure.label) },
        column(
          "value",
          cells.map(({ value }) => value),
        ),
        column(
          "standard\nerror",
          cells.map(({ standardError }) => standardError),
        ),
        ...(directions.some(Boolean) ? [column("direction\nerror", directions)] : []),
        {
          head: "",
          align: "left",
          cells: shown.map(({ id, unit }) => (result.measures[id]!.value === null ? "undefined" : unit)),
        },
      ],
      width,
    ),
    "",
    styled("dim", lossText(result)),
    ...(tasks.length > 0 ? ["", ...tasks] : []),
  ];
}

/** The loss in the two other scales that people know it in. */
function lossText({ measures }: Result): string {
  const value = measures["loss"]?.value ?? null;
  return value === null
    ? ""
    : `perplexity ${significant(Math.exp(value), 3)}, ${significant(value / Math.LN2, 3)} bits/token`;
}

function rows(results: readonly Labelled[], width: number): string[] {
  const columns: Column[] = [
    {
      head: "model",
      align: "left",
      cells: results.map(({ label }) => shortened(label, Math.max(12, Math.floor(width / LABEL_SHARE)))),
    },
    {
      head: "para-\nmeters",
      align: "right",
      cells: results.map(({ result }) => short(result.checkpoint.parameters)),
    },
  ];
  const shown = MEASURES.filter(({ id }) => results.some(({ result }) => result.measures[id]));
  for (const { id, label } of shown) {
    const cells = results.map(({ result }) => numbersOf(result, id));
    const values = alignPoints(cells.map(({ value }) => value));
    const errors = alignLeft(
      cells.map(({ standardError, directionError }) =>
        [standardError && `± ${standardError}`, directionError && `(${directionError})`]
          .filter(Boolean)
          .join(" "),
      ),
    );
    columns.push({
      head: twoLines(label),
      align: "right",
      cells: values.map((value, i) => `${value} ${errors[i]!}`),
    });
  }
  columns.push(...taskColumns(results));
  const tasks = taskLegend(results);
  const units = Map.groupBy(shown, ({ unit }) => unit);
  const unitTexts = [...units].map(([unit, group], i) =>
    i === 0 ? unit : `${group.map(({ label }) => label).join(" and ")} in ${unit}`,
  );
  const directions = results.some(({ result }) => Object.keys(result.receipt.epsilon).length > 0);
  const legend = `value ± standard error${directions ? " (direction error)" : ""} in ${unitTexts.join(", ")}${tasks === null ? "" : `; ${tasks}`}`;
  return [
    ...settings(
      results.map(({ result }) => result),
      width,
    ),
    "",
    ...table(columns, width, 2),
    "",
    ...wrap(legend, width, "").map((line) => styled("dim", line)),
  ];
}

/** A measure's cells; undefined ones show a dash. */
function numbersOf(
  { measures }: Result,
  id: string,
): { value: string; standardError: string; directionError: string } {
  const measure = measures[id];
  if (!measure || measure.value === null)
    return { value: measure ? "–" : "", standardError: "", directionError: "" };
  const { standardError, directionError = null } = measure;
  // Where the population error cannot be told, the direction error decides how many digits mean something.
  const [value] = measured(measure.value, standardError ?? directionError);
  return { value, standardError: errorText(standardError), directionError: errorText(directionError) };
}

function errorText(error: number | null): string {
  return error === null ? "" : measured(error, error)[1] || "0";
}

/** How many parameters there are, and how many of them the traces cover in which way. */
function parametersText({ checkpoint, receipt }: Result): string {
  const { parameters, perturbedParameters, exactParameters } = checkpoint;
  const all = `${grouped(parameters)} parameters`;
  if (Object.keys(receipt.directions).length === 0) return all;
  if (exactParameters === 0) {
    return perturbedParameters === parameters
      ? `${all}, all moved`
      : `${all}, ${grouped(perturbedParameters)} of them moved`;
  }
  const left = parameters - perturbedParameters - exactParameters;
  const ways = [
    ...(perturbedParameters > 0 ? [`${grouped(perturbedParameters)} moved`] : []),
    `${grouped(exactParameters)} taken exactly`,
    ...(left > 0 ? [`${grouped(left)} left out`] : []),
  ];
  return `${all}: ${ways.join(", ")}`;
}

/** What the results have in common. */
function settings(results: readonly Result[], width: number): string[] {
  const { corpus, receipt } = results[0]!;
  const span = (values: readonly number[], text: (value: number) => string) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? text(least) : `${text(least)} to ${text(most)}`;
  };
  const directions = results.flatMap((each) => Object.values(each.receipt.directions)).filter(Boolean);
  const epsilons = results.flatMap((each) => Object.values(each.receipt.epsilon));
  const run = [`seed ${receipt.seed}`];
  if (directions.length > 0) {
    run.unshift(`${span(directions, String)} direction${Math.max(...directions) > 1 ? "s" : ""} an example`);
    run.push(`ε ${span(epsilons, stepText)}`);
  }
  const devices = new Set(results.map(({ runtime }) => runtime.device));
  return [
    ...wrap(
      `${printable(receipt.corpus.file)}  ${corpus.objective}, ${plural(corpus.examples, "example")}, ${plural(corpus.labelledTokens, "labelled token")}`,
      width,
      "  ",
    ),
    `${run.join(", ")}, ${[...devices].join(" and ")}`,
  ];
}

/** The words of a column's head on two lines of about the same length. */
function twoLines(label: string): string {
  const words = label.split(" ");
  if (words.length < 3) return label;
  const middle = Math.ceil(words.length / 2);
  return `${words.slice(0, middle).join(" ")}\n${words.slice(middle).join(" ")}`;
}
