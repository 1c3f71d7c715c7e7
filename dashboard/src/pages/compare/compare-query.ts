/** What is compared: all of it is in the query of the address. Nonsense in a link is left out, and told. */
import { FEWEST_COMPARED, MOST_COMPARED } from "../../../../shared/api/compare.ts";
import { checkpointIdSchema, suiteNameSchema } from "../../../../shared/api/names.ts";

export interface Compared {
  /** Null where the link names none. */
  readonly suite: string | null;
  /** Ids, at most `MOST_COMPARED`, no two alike. */
  readonly checkpoints: readonly string[];
  /** What differences are taken from: one of the checkpoints; null where there is none. */
  readonly reference: string | null;
}

export interface ReadCompared {
  readonly compared: Compared;
  /** What in the link meant nothing, in words. */
  readonly complaints: readonly string[];
}

export function readCompared(query: URLSearchParams): ReadCompared {
  const complaints: string[] = [];
  const named = query.get("suite");
  const suite = suiteNameSchema.safeParse(named);
  if (named !== null && !suite.success) complaints.push(`“${shown(named)}” is no suite.`);
  const checkpoints: string[] = [];
  for (const id of new Set(query.getAll("checkpoint"))) {
    if (!checkpointIdSchema.safeParse(id).success) complaints.push(`“${shown(id)}” is no checkpoint’s id.`);
    else if (checkpoints.length < MOST_COMPARED) checkpoints.push(id);
    else complaints.push(`${id} is left out: no more than ${MOST_COMPARED} fit side by side.`);
  }
  const asked = query.get("reference");
  if (asked !== null && !checkpoints.includes(asked)) {
    complaints.push(`“${shown(asked)}” is not among them, so differences are taken from the first.`);
  }
  for (const key of new Set(query.keys())) {
    if (!KEYS.includes(key)) complaints.push(`“${shown(key)}” is nothing that a comparison knows.`);
  }
  const reference = asked !== null && checkpoints.includes(asked) ? asked : (checkpoints[0] ?? null);
  return { compared: { suite: suite.success ? suite.data : null, checkpoints, reference }, complaints };
}

const KEYS = ["suite", "checkpoint", "reference"];

/** The first one is the reference unless another is named. */
export function writeCompared({ suite, checkpoints, reference }: Compared): URLSearchParams {
  const query = new URLSearchParams();
  if (suite !== null) query.set("suite", suite);
  for (const id of checkpoints) query.append("checkpoint", id);
  if (reference !== null && reference !== checkpoints[0] && checkpoints.includes(reference)) {
    query.set("reference", reference);
  }
  return query;
}

export const enough = ({ suite, checkpoints }: Compared): boolean =>
  suite !== null && checkpoints.length >= FEWEST_COMPARED;

/** A link may hold anything, of any length. */
const shown = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
