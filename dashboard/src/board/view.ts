/**
 * What of a board is shown, and how: all of it is in the query of the address, so that every view is a link. What is as
 * usual is left out. A link with nonsense in it is survived, and told.
 */
import { z } from "zod";
import { checkpointIdSchema } from "../../../shared/api/names.ts";
import { NO_FILTERS, type Filters } from "./filters.ts";
import type { LossWindow } from "./loss-window.ts";
import type { Direction } from "./order.ts";

/** As many as can be compared. */
export const MOST_SELECTED = 6;

export interface View {
  readonly filters: Filters;
  /** A column's id; null for the loss. */
  readonly sort: string | null;
  /** Null: what is better first. */
  readonly order: Direction | null;
  /** Ids of columns, in order; null for the usual ones. */
  readonly columns: readonly string[] | null;
  readonly group: "seeds" | "none";
  /** Columns of the plot's axes; null for the usual ones. */
  readonly x: string | null;
  readonly y: string | null;
  readonly colour: "family" | "run";
  /** Axes with logarithmic scales. */
  readonly log: readonly ("x" | "y")[];
  readonly plot: "shown" | "hidden";
  /** `densest`: around most checkpoints. */
  readonly window: LossWindow | "densest" | "off";
  /** Ids of checkpoints. */
  readonly selected: readonly string[];
}

export const USUAL_VIEW: View = {
  filters: NO_FILTERS,
  sort: null,
  order: null,
  columns: null,
  group: "none",
  x: null,
  y: null,
  colour: "family",
  log: [],
  plot: "shown",
  window: "densest",
  selected: [],
};

const columnId = z
  .string()
  .regex(
    /^([a-z]+(-[a-z]+)*|task:[A-Za-z0-9][A-Za-z0-9-]{0,62})$/,
    "expected a field, a measure, or task: and a task",
  );
const label = z.string().min(1).max(200);
const number = z
  .string()
  .regex(/^[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,3})?$/, "expected a number such as 1.5 or 2e6")
  .transform(Number)
  .pipe(z.number());
const listOf = <S extends z.ZodType<unknown, string>>(each: S, most: number) =>
  z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(each).max(most, `expected ${most} at most`));
const ends = z.tuple([number, number]);
const lossWindow = z.string().transform((text, context): LossWindow | "off" => {
  if (text === "off") return text;
  const answer = ends.safeParse(text.split(","));
  const [low, high] = answer.data ?? [NaN, NaN];
  if (low <= high) return { low, high };
  const message = answer.success
    ? "the lower end is above the upper one"
    : "expected off, or two numbers of nats";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** Parameters of the query, each on its own: one that is wrong takes no other with it. */
const SINGLE = {
  name: z.string().max(200),
  minParameters: number,
  maxParameters: number,
  minStep: number,
  maxStep: number,
  minLoss: number,
  maxLoss: number,
  sort: columnId,
  order: z.enum(["asc", "desc"]),
  columns: listOf(columnId, 60),
  group: z.literal("seeds"),
  x: columnId,
  y: columnId,
  colour: z.literal("run"),
  log: listOf(z.enum(["x", "y"]), 2),
  plot: z.literal("hidden"),
  window: lossWindow,
  selected: listOf(checkpointIdSchema, MOST_SELECTED),
};

/** Given once for each. */
const MULTIPLE = ["family", "run", "owner"] as const;
const MOST_VALUES = 200;
const values = z.array(label).max(MOST_VALUES, `expected ${MOST_VALUES} at most`);

export interface ReadView {
  readonly view: View;
  /** What in the link meant nothing, in words. */
  readonly complaints: readonly string[];
}

export function readView(query: URLSearchParams): ReadView {
  const complaints: string[] = [];
  const found: Record<string, unknown> = {};
  for (const key of new Set(query.keys())) {
    const given = query.getAll(key);
    if ((MULTIPLE as readonly string[]).includes(key)) {
      const answer = values.safeParse(given);
      if (answer.success) found[key] = [...new Set(answer.data)];
      else complaints.push(complaint(key, given[0]!, answer.error));
    } else if (Object.hasOwn(SINGLE, key)) {
      const answer = SINGLE[key as keyof typeof SINGLE].safeParse(given.at(-1));
      if (answer.success) found[key] = answer.data;
      else complaints.push(complaint(key, given.at(-1)!, answer.error));
    } else {
      complaints.push(`“${shown(key)}” is nothing that a board knows.`);
    }
  }
  const filters = Object.fromEntries(
    Object.entries(NO_FILTERS).map(([key, none]) => [key, found[key] ?? none]),
  ) as unknown as Filters;
  const rest = Object.fromEntries(Object.entries(found).filter(([key]) => !Object.hasOwn(NO_FILTERS, key)));
  return { view: { ...USUAL_VIEW, ...rest, filters }, complaints };
}

export function writeView({ filters, ...view }: View): URLSearchParams {
  const query = new URLSearchParams();
  const put = (key: string, value: unknown, usual: unknown) => {
    if (value === null || value === usual || (Array.isArray(value) && value.length === 0)) return;
    if ((MULTIPLE as readonly string[]).includes(key)) {
      for (const each of value as readonly string[]) query.append(key, each);
    } else if (typeof value === "object" && !Array.isArray(value)) {
      query.set(key, `${(value as LossWindow).low},${(value as LossWindow).high}`);
    } else {
      query.set(key, String(value));
    }
  };
  for (const [key, none] of Object.entries(NO_FILTERS)) put(key, filters[key as keyof Filters], none);
  for (const [key, value] of Object.entries(view)) put(key, value, USUAL_VIEW[key as keyof View]);
  return query;
}

function complaint(key: string, value: string, error: z.ZodError): string {
  return `${key}=${shown(value)}: ${error.issues[0]!.message}.`;
}

/** A link may hold anything, of any length. */
const shown = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
