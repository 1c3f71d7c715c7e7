/** Differences from a reference, and what they come to. */
import type { ComparisonOfCheckpoints } from "../../../../shared/api/compare.ts";
import { measured } from "../../../../shared/numbers.ts";
import { DEFAULT_WIDTH } from "../../board/loss-window.ts";

export type Score = ComparisonOfCheckpoints["scores"][number];

/** From the reference to another checkpoint: positive where the other has more. */
export interface Difference {
  /** Null where a value is undefined. */
  readonly value: number | null;
  readonly standardError: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly adjustedPValue: number | null;
  readonly paired: boolean;
  readonly reason: string | null;
  readonly verdict: Verdict;
}

/** `unclear`: it cannot be told whether there is a difference. */
export type Verdict = "better" | "worse" | "unclear";

/** Adjusted p-values below it count as a difference. */
export const LEVEL = 0.05;
/** Of the normal distribution, for 95 %. */
const QUANTILE = 1.96;

/** Null where the answer has no such pair. */
export function differenceOf({ pairs, better }: Score, reference: string, other: string): Difference | null {
  const pair = pairs.find(
    ({ first, second }) =>
      (first === other && second === reference) || (first === reference && second === other),
  );
  if (!pair) return null;
  const sign = pair.first === other ? 1 : -1;
  const value = pair.difference === null ? null : sign * pair.difference;
  const { interval, adjustedPValue, standardError, method, reason } = pair;
  const [low, high] = interval ?? [NaN, NaN];
  const real = value !== null && value !== 0 && adjustedPValue !== null && adjustedPValue < LEVEL;
  return {
    value,
    standardError,
    interval: interval ? (sign > 0 ? [low, high] : [-high, -low]) : null,
    adjustedPValue,
    paired: method === "paired",
    reason,
    verdict: !real ? "unclear" : value < 0 === (better === "lower") ? "better" : "worse",
  };
}

/** Surely within the tolerance, not merely indistinguishable, which would reward noise. */
export function equalLoss({ value, standardError }: Pick<Difference, "value" | "standardError">): boolean {
  if (value === null || standardError === null) return false;
  return Math.abs(value) + QUANTILE * standardError <= DEFAULT_WIDTH + 1e-12;
}

/** Surely beyond the tolerance. */
export function differentLoss({
  value,
  standardError,
}: Pick<Difference, "value" | "standardError">): boolean {
  if (value === null || standardError === null) return false;
  return Math.abs(value) - QUANTILE * standardError > DEFAULT_WIDTH;
}

/** What loss is matched by: excess loss where it is known, else loss. */
export function lossScore({ scores, checkpoints }: ComparisonOfCheckpoints): string {
  const known = checkpoints.every(({ measures }) => (measures["excess-loss"]?.value ?? null) !== null);
  return known && scores.some(({ score }) => score === "excess-loss") ? "excess-loss" : "loss";
}

/** With its sign, to the decimal of its error. @param factor 100 for shares in per cent. */
export function differenceText({ value, standardError }: Difference, factor = 1): string {
  if (value === null) return "–";
  const [text, error] = measured(
    Math.abs(value) * factor,
    standardError === null ? null : standardError * factor,
  );
  const sign = value === 0 || /^[0.]*$/.test(text) ? "" : value < 0 ? "−" : "+";
  return error === "" ? `${sign}${text}` : `${sign}${text} ± ${error}`;
}

/** Both ends to one decimal more than the error's first digit. */
export function intervalText({ interval, standardError }: Difference, factor = 1): string {
  if (!interval) return "";
  const error = (standardError ?? 0) * factor;
  const ends = interval.map((end) => {
    const [text] = measured(Math.abs(end) * factor, error > 0 ? error : null);
    return `${end < 0 && !/^[0.]*$/.test(text) ? "−" : ""}${text}`;
  });
  return `${ends[0]!} to ${ends[1]!}`;
}

export function pValueText(p: number | null): string {
  if (p === null) return "";
  if (p < 0.001) return "p < 0.001";
  return p >= 0.9995 ? "p = 1" : `p = ${p.toFixed(3)}`;
}
