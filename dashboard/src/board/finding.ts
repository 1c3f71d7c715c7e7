/** What a correlation says, in one sentence, or that it says nothing. */
import { plural } from "../../../shared/numbers.ts";
import type { Column } from "./column.ts";
import type { Correlated } from "./correlate.ts";

export interface Finding {
  /** `none`: it cannot be told. */
  readonly says: "together" | "apart" | "none";
  readonly sentence: string;
}

export interface FindingInput {
  readonly x: Pick<Column, "label" | "kind" | "better" | "id">;
  readonly y: Pick<Column, "label" | "kind" | "better" | "id">;
  /** Spearman's. */
  readonly found: Correlated;
  readonly checkpoints: number;
  readonly runs: number;
  /** Whether they have equal loss, by the window. */
  readonly equalLoss: boolean;
}

export function finding({ x, y, found, checkpoints, runs, equalLoss }: FindingInput): Finding {
  const among = `Among ${plural(checkpoints, "checkpoint")}${equalLoss ? " of equal loss" : ""} from ${plural(runs, "independent run")}`;
  if (x.id === y.id)
    return { says: "none", sentence: "Both axes show the same; choose another for one of them." };
  const { value, interval, reason } = found;
  const question = `whether ${lowerFirst(x.label)} and ${lowerFirst(y.label)} go together cannot be told`;
  if (value === null || interval === null)
    return { says: "none", sentence: `${among}, ${question}: ${reason}.` };
  const range = `${signed(interval[0])} to ${signed(interval[1])}`;
  if (interval[0] <= 0 && interval[1] >= 0) {
    return {
      says: "none",
      sentence: `${among}, ${question}: the 95 % interval of Spearman’s ρ, ${range}, covers 0.`,
    };
  }
  const together = value > 0;
  const pattern = `lower ${lowerFirst(x.label)} goes with ${together ? "lower" : "higher"} ${lowerFirst(y.label)}`;
  return {
    says: together ? "together" : "apart",
    sentence: `${among}, ${pattern}${verdict(x, y, together)}: Spearman’s ρ ${signed(value)}, 95 % interval ${range}.`,
  };
}

/** Flatness and transfer are what the board is about. */
function verdict(x: FindingInput["x"], y: FindingInput["y"], together: boolean): string {
  const isTrace = ({ kind, id }: FindingInput["x"]) => kind === "measure" && id.endsWith("trace");
  const crossed = (isTrace(x) && y.kind === "task") || (isTrace(y) && x.kind === "task");
  if (!crossed) return "";
  return together ? " (flatter goes with worse)" : " (flatter goes with better)";
}

/** Two digits behind the point, and a true minus. */
export function signed(value: number): string {
  return value
    .toFixed(2)
    .replace(/^-(?=0\.00$)/, "")
    .replace("-", "−");
}

/** `Fisher` stays: it is a name. */
const NAMES = /^(Fisher|Hessian)/;
const lowerFirst = (label: string) =>
  NAMES.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
