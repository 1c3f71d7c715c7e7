/** Results as people read them: a sheet for one model, a row a model for several. */
import type { Result } from "../../shared/evaluate/result-schema.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { shortened } from "./labels.ts";
import { grouped, measured, short, significant, stepText } from "./numbers.ts";
import { alignPoints, table, type Column } from "./table.ts";
import { printable, styled } from "./terminal.ts";

/** A result and what its model is called in tables. */
export interface Labelled {
  readonly label: string;
  readonly result: Result;
}

const LABEL_SHARE = 3.2;

/** Lines for any number of results. */
export function resultLines(results: readonly Labelled[], width: number): string[] {
  return results.length === 1 ? sheet(results[0]!, width) : rows(results, width);
}

function sheet({ label, result }: Labelled, width: number): string[] {
  const { measures } = result;
  const shown = MEASURES.filter(({ id }) => measures[id] && measures[id].value !== null);
  const cells = shown.map(({ id, unit }) => ({ ...numbersOf(result, id), unit }));
  const column = (head: string, texts: readonly string[]): Column => ({
    head,
    align: "right",
    cells: alignPoints(texts),
  });
  return [
    `${styled("bold", label)}  ${parametersText(result)}`,
    ...settings([result]),
    "",
    ...table(
      [
        { head: "", align: "left", cells: shown.map(({ label }) => label) },
        column(
          "value",
          cells.map(({ value }) => value),
        ),
        column(
          "standard\nerror",
          cells.map(({ standardError }) => standardError),
        ),
        column(
          "direction\nerror",
          cells.map(({ directionError }) => directionError),
        ),
        { head: "unit", align: "left", cells: cells.map(({ unit }) => unit) },
      ],
      width,
    ),
  ];
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
  for (const { id, label } of MEASURES) {
    if (!results.some(({ result }) => result.measures[id])) continue;
    const cells = results.map(({ result }) => numbersOf(result, id));
    columns.push({
      head: twoLines(label),
      align: "right",
      cells: alignPoints(cells.map(({ value }) => value)),
    });
    const errors = alignPoints(cells.map(({ standardError }) => standardError));
    columns.push({
      head: "",
      align: "left",
      cells: errors.map((error) => (error.trim() ? `± ${error}` : "")),
      attached: true,
    });
    if (cells.every(({ directionError }) => directionError === "")) continue;
    const directions = alignPoints(cells.map(({ directionError }) => directionError));
    columns.push({
      head: "",
      align: "left",
      cells: directions.map((error) =>
        error.trim() ? `(${error.trimEnd()})${" ".repeat(error.length - error.trimEnd().length)}` : "",
      ),
      attached: true,
    });
  }
  const hasDirections = results.some(({ result }) => Object.keys(result.receipt.epsilon).length > 0);
  return [
    ...settings(results.map(({ result }) => result)),
    "",
    ...table(columns, width, 2),
    "",
    styled(
      "dim",
      `value ± standard error${hasDirections ? " (direction error)" : ""}, nats per labelled token`,
    ),
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
  return {
    value,
    standardError: standardError === null ? "" : errorText(standardError),
    directionError: directionError === null ? "" : errorText(directionError),
  };
}

function errorText(error: number): string {
  return measured(error, error)[1] || significant(error, 2);
}

function parametersText({ checkpoint, receipt }: Result): string {
  const { parameters, perturbedParameters } = checkpoint;
  const all = `${grouped(parameters)} parameters`;
  if (Object.keys(receipt.epsilon).length === 0) return all;
  return perturbedParameters === parameters
    ? `${all}, all moved`
    : `${all}, ${grouped(perturbedParameters)} of them moved`;
}

/** What the results have in common. */
function settings(results: readonly Result[]): string[] {
  const { corpus, receipt } = results[0]!;
  const span = (values: readonly number[], text: (value: number) => string) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? text(least) : `${text(least)} to ${text(most)}`;
  };
  const directions = results.flatMap(({ receipt }) => Object.values(receipt.directions));
  const epsilons = results.flatMap(({ receipt }) => Object.values(receipt.epsilon));
  const run = [`seed ${receipt.seed}`];
  if (directions.length > 0) {
    run.unshift(`${span(directions, String)} direction${Math.max(...directions) > 1 ? "s" : ""} an example`);
    run.push(`ε ${span(epsilons, stepText)}`);
  }
  const devices = new Set(results.map(({ runtime }) => runtime.device));
  return [
    `${printable(receipt.corpus.file)}  ${corpus.objective}, ${grouped(corpus.examples)} examples, ${grouped(corpus.labelledTokens)} labelled tokens`,
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
