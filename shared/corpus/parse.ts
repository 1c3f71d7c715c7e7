/** Reads a corpus file: JSON lines in Hugging Face's conventions. */
import { PlateauError } from "../errors.ts";
import { IGNORED, targetsOf, type Corpus, type Example, type Objective } from "./corpus.ts";

/** Beyond any vocabulary: a token id above this is a broken file, not a token. */
const MAX_TOKEN_ID = 2 ** 24;
/** Longer examples exhaust memory long before they tell anything. */
const MAX_LENGTH = 2 ** 17;
const MAX_EXAMPLES = 10_000_000;

/** The corpus file is not usable. The message names the line and the field. */
export class CorpusError extends PlateauError {}

/**
 * Parses `{"input_ids":[…],"labels":[…],"attention_mask":[…]?,"token_type_ids":[…]?,"group":"…"?}` a line.
 *
 * @param name how errors call the file.
 * @throws CorpusError on the first bad line, and where no example has a labelled token.
 */
export function parseCorpus(text: string, objective: Objective, name = "corpus"): Corpus {
  if (text.trim() === "") throw new CorpusError(`${name} is empty.`);
  const examples: Example[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const where = `${name}, line ${i + 1}`;
    examples.push(parseExample(parseLine(line, where), where));
    if (examples.length > MAX_EXAMPLES)
      throw new CorpusError(`${name} has more than ${MAX_EXAMPLES} examples.`);
  }
  return corpusOf(examples, objective, name);
}

/**
 * The corpus of these examples; those without labelled tokens are left out.
 *
 * @throws CorpusError where no example has a labelled token.
 */
export function corpusOf(all: readonly Example[], objective: Objective, name = "corpus"): Corpus {
  const examples: Example[] = [];
  let largestId = 0;
  let labelledTokens = 0;
  for (const example of all) {
    const targets = targetsOf(example, objective);
    labelledTokens += targets.length;
    // Spreading into Math.max would overflow the stack on long examples.
    for (const id of example.inputIds) largestId = Math.max(largestId, id);
    for (const { label } of targets) largestId = Math.max(largestId, label);
    // An example without labels adds nothing to any measure; keeping it would only cost passes.
    if (targets.length > 0) examples.push(example);
  }
  if (examples.length === 0) {
    throw new CorpusError(
      `${name} has no labelled token: every label is ${IGNORED}` +
        (objective === "clm"
          ? " or stands at the first position, which nothing predicts."
          : ". Label the masked positions."),
    );
  }
  return { objective, examples, largestId, labelledTokens };
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new CorpusError(
      `${where} is not JSON. A corpus holds one JSON object a line, with input_ids and labels.`,
    );
  }
}

/** @param where how errors call the place. @throws CorpusError naming the field. */
export function parseExample(record: unknown, where: string): Example {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new CorpusError(`${where} is not a JSON object with input_ids and labels.`);
  }
  const fields = record as Record<string, unknown>;
  const inputIds = integers(fields, "input_ids", where, 0, MAX_TOKEN_ID);
  if (!inputIds) throw new CorpusError(`${where} has no input_ids.`);
  if (inputIds.length === 0 || inputIds.length > MAX_LENGTH) {
    throw new CorpusError(
      `${where}: input_ids holds ${inputIds.length} tokens, expected 1 to ${MAX_LENGTH}.`,
    );
  }
  const labels = integers(fields, "labels", where, IGNORED, MAX_TOKEN_ID);
  if (!labels)
    throw new CorpusError(
      `${where} has no labels. Give one label per token, ${IGNORED} where it is ignored.`,
    );
  const below = labels.find((label) => label < 0 && label !== IGNORED);
  if (below !== undefined)
    throw new CorpusError(`${where}: label ${below} is neither a token id nor ${IGNORED}.`);
  const attentionMask = integers(fields, "attention_mask", where, 0, 1);
  const tokenTypeIds = integers(fields, "token_type_ids", where, 0, MAX_TOKEN_ID);
  for (const [field, values] of [
    ["labels", labels],
    ["attention_mask", attentionMask],
    ["token_type_ids", tokenTypeIds],
  ] as const) {
    if (values && values.length !== inputIds.length) {
      throw new CorpusError(
        `${where}: ${field} has ${values.length} entries, but input_ids has ${inputIds.length}.`,
      );
    }
  }
  const group = fields["group"];
  if (group !== undefined && typeof group !== "string")
    throw new CorpusError(`${where}: group is not a string.`);
  return {
    inputIds,
    labels,
    ...(attentionMask && { attentionMask }),
    ...(tokenTypeIds && { tokenTypeIds }),
    ...(group !== undefined && { group }),
  };
}

function integers(
  fields: Record<string, unknown>,
  name: string,
  where: string,
  least: number,
  most: number,
): readonly number[] | undefined {
  const values = fields[name];
  if (values === undefined || values === null) return undefined;
  if (!Array.isArray(values)) throw new CorpusError(`${where}: ${name} is not a list.`);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      throw new CorpusError(
        `${where}: ${name}[${i}] is ${JSON.stringify(value)}, expected a whole number from ${least} to ${most}.`,
      );
    }
  }
  return values as number[];
}
