/** A result that was computed elsewhere: whether it is one of this suite, and what to call its checkpoint. */
import { PlateauError } from "../errors.ts";
import { decodeFloats } from "../evaluate/float-list.ts";
import type { Result } from "../evaluate/result-schema.ts";
import { labelSchema } from "./label.ts";
import type { PublishedSuite } from "./suites.ts";

/** The result does not belong on the board. The message names the field. */
export class ImportedResultError extends PlateauError {}

export interface CheckpointLabels {
  readonly name: string;
  readonly run: string | null;
  readonly family: string | null;
  readonly step: number | null;
}

/** The most that a card may hold, in characters of JSON. */
export const LARGEST_CARD = 65_536;

/** @throws ImportedResultError where the result is of another suite or contradicts itself. */
export function assertOfSuite(result: Result, suite: PublishedSuite): void {
  const { checkpoint, corpus, measures, probes = {}, zeroShot = {}, perExample = {}, receipt } = result;
  expectEqual("corpus.sha256", corpus.sha256, suite.sha256, `the suite ${suite.id} of this board`);
  expectEqual("receipt.corpus.sha256", receipt.corpus.sha256, corpus.sha256, "corpus.sha256");
  expectEqual("receipt.model.sha256", receipt.model.sha256, checkpoint.sha256, "checkpoint.sha256");
  expectEqual("corpus.objective", corpus.objective, suite.objective, suite.id);
  expectEqual("corpus.examples", corpus.examples, suite.examples, suite.id);
  expectEqual("corpus.labelledTokens", corpus.labelledTokens, suite.labelledTokens, suite.id);
  const measured = suite.measures.map(({ id }) => id);
  expectKnown("measures", measures, measured, suite.id);
  expectKnown("perExample", perExample, measured, suite.id);
  for (const [id, list] of Object.entries(perExample)) {
    expectEqual(`length of perExample.${id}`, decodeFloats(list)?.length ?? 0, suite.examples, suite.id);
  }
  const probing = suite.tasks.filter(({ kind }) => kind === "probe");
  const shooting = suite.tasks.filter(({ kind }) => kind !== "probe");
  expectKnown(
    "probes",
    probes,
    probing.map(({ id }) => id),
    suite.id,
  );
  expectKnown(
    "zeroShot",
    zeroShot,
    shooting.map(({ id }) => id),
    suite.id,
  );
  for (const { id, items } of probing) {
    const probe = probes[id];
    if (probe?.accuracy) expectEqual(`length of probes.${id}.correct`, probe.correct.length, items, suite.id);
  }
  for (const { id, items } of shooting) {
    const task = zeroShot[id];
    if (!task?.accuracy) continue;
    expectEqual(`length of zeroShot.${id}.margins`, decodeFloats(task.margins)?.length ?? 0, items, suite.id);
  }
  const { card, parameters, perturbedParameters, exactParameters } = checkpoint;
  if (perturbedParameters + exactParameters > parameters) {
    throw new ImportedResultError("checkpoint.parameters is less than those perturbed and exact together.");
  }
  if (JSON.stringify(card).length > LARGEST_CARD) {
    throw new ImportedResultError(
      `checkpoint.card is longer than ${LARGEST_CARD} characters; leave out what need not be shown.`,
    );
  }
}

/**
 * The card's name, run and family; without a name, that of the file.
 *
 * @throws ImportedResultError where one cannot be shown as a name.
 */
export function checkpointLabels({ card, file }: Result["checkpoint"]): CheckpointLabels {
  const stem = file.replace(/^.*[/\\]/, "").replace(/\.onnx$/i, "");
  const label = (field: "run" | "family") => (card?.[field] ? labelOf(field, card[field]) : null);
  return {
    name: card?.name ? labelOf("name", card.name) : labelOf("file", stem),
    run: label("run"),
    family: label("family"),
    step: card?.step ?? null,
  };
}

function labelOf(field: "name" | "run" | "family" | "file", text: string): string {
  const label = labelSchema.safeParse(text);
  if (label.success) return label.data;
  const place = field === "file" ? "checkpoint.file" : `checkpoint.card.${field}`;
  throw new ImportedResultError(`${place}: ${label.error.issues[0]!.message}.`);
}

function expectEqual(field: string, found: string | number, expected: string | number, of: string): void {
  if (found === expected) return;
  throw new ImportedResultError(`${field} is ${found}, where ${of} has ${expected}.`);
}

function expectKnown(field: string, record: object, known: readonly string[], suite: string): void {
  const unknown = Object.keys(record).find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new ImportedResultError(
    `${field} has '${unknown.slice(0, 100)}', which is not part of ${suite}; it has ${known.join(", ") || "none"}.`,
  );
}
