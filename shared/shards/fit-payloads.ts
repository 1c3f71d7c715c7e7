/** Payloads of fits: what is reported of a probe, or results of its fits that are still to be put together. */
import { z } from "zod";
import type { ProbeResult } from "../probes/fit-probe-merge.ts";
import { fitId, type FitResult, type FitSpec, type MainResult } from "../probes/fit-probe-spec.ts";
import type { FitPart, FitPiece, FitPieceResult, PartResult } from "../probes/task-pieces.ts";
import type { Suite } from "../suites/suite.ts";
import type { ProbeTask } from "../suites/task.ts";
import {
  bytesSchema,
  cutReason,
  expectCount,
  Mismatch,
  packBits,
  packCounts,
  readPayload,
  reasonSchema,
  unpackBits,
  unpackCounts,
  writePayload,
} from "./payload.ts";

const share = z.number().min(0).max(1);
const nonnegative = z.number().nonnegative();
const nullableError = nonnegative.nullable();
const score = z.strictObject({ value: z.number(), standardError: nonnegative });
const probeScore = score.extend({ value: share, trainingError: nullableError });
const edge = z.enum(["strongest", "weakest"]).nullable();

const candidate = z.strictObject({
  l2: z.number().positive(),
  validationAccuracy: share,
  /** Null where it is infinite: a class that was not trained on. */
  validationLoss: z
    .number()
    .nullable()
    .transform((value) => value ?? Infinity),
  converged: z.boolean(),
  gradientNorm: z
    .number()
    .nullable()
    .transform((value) => value ?? NaN),
  iterations: z.number().int().nonnegative(),
});
const candidates = z.array(candidate).min(1).max(100).readonly();

const probe = z.strictObject({
  accuracy: probeScore,
  macroF1: probeScore,
  codelength: z
    .strictObject({
      value: z.number().positive(),
      standardError: nonnegative,
      permutationError: nullableError,
      compression: score,
    })
    .nullable(),
  selectivity: z
    .strictObject({
      value: z.number().min(-1).max(1),
      standardError: nullableError,
      controlAccuracy: share,
      seenTypes: share,
    })
    .nullable(),
  l2: z.number().positive(),
  edge,
  candidates,
  unconverged: z.array(z.string().max(40)).max(100).readonly(),
  /** Bits. */
  correct: bytesSchema,
});

const index = z.number().int().nonnegative();
const common = { converged: z.boolean() };
const fit = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("main"),
    l2: z.number().positive(),
    edge,
    candidates,
    /** Classes as counts. */
    predicted: bytesSchema,
    ...common,
  }),
  z.strictObject({ kind: z.literal("resample"), index, accuracy: share, macroF1: share, ...common }),
  z.strictObject({ kind: z.literal("control"), index, correct: bytesSchema, ...common }),
  z.strictObject({
    kind: z.literal("codelength"),
    index,
    bits: z.number().positive(),
    /** As counts. */
    millibits: bytesSchema,
    ...common,
  }),
]);

const schema = z.strictObject({
  parts: z.array(
    z.union([
      z.strictObject({ reason: reasonSchema }),
      z.strictObject({ probe }),
      z.strictObject({ fits: z.array(fit) }),
    ]),
  ),
});

export function writeFitted(id: string, { parts }: FitPieceResult): string {
  return writePayload(id, {
    parts: parts.map((part) => {
      if ("reason" in part) return { reason: cutReason(part.reason) };
      if ("probe" in part) return { probe: { ...part.probe, correct: packBits(part.probe.correct) } };
      return { fits: part.fits.map(writeFit) };
    }),
  });
}

function writeFit(result: FitResult): object {
  switch (result.kind) {
    case "main":
      return { ...result, predicted: packCounts(result.predicted) };
    case "resample":
      return result;
    case "control":
      return { ...result, correct: packBits(result.correct) };
    case "codelength": {
      // How the blocks were coded is not reported.
      const { blocks, millibits, ...rest } = result;
      void blocks;
      return { ...rest, millibits: packCounts(millibits) };
    }
  }
}

/** @throws PayloadError */
export function readFitted(
  id: string,
  piece: FitPiece,
  { tasks }: Suite,
  payload: string | undefined,
): FitPieceResult {
  const task = tasks[piece.task] as ProbeTask;
  return readPayload(id, payload, schema, ({ parts }) => {
    expectCount("parts", parts.length, piece.parts.length);
    return { parts: parts.map((part, i) => readPart(part, piece.parts[i]!, task)) };
  });
}

function readPart(
  shape: z.infer<typeof schema>["parts"][number],
  { fits }: FitPart,
  task: ProbeTask,
): PartResult {
  if ("reason" in shape) return shape;
  if ("probe" in shape) {
    if (fits) throw new Mismatch("it puts together what was to be left apart");
    const result: ProbeResult = {
      ...shape.probe,
      correct: unpackBits(shape.probe.correct, task.test.length),
    };
    return { probe: result };
  }
  if (!fits) throw new Mismatch("it leaves apart what was to be put together");
  const ids = (list: readonly (FitSpec | FitResult)[]) => list.map(fitId).join(", ");
  const found = shape.fits.map((result) => readFit(result, task));
  if (ids(found) !== ids(fits)) {
    throw new Mismatch(`it holds the fits ${ids(found) || "of nothing"}, expected ${ids(fits)}`);
  }
  return { fits: found };
}

function readFit(shape: z.infer<typeof fit>, { train, test, classes }: ProbeTask): FitResult {
  switch (shape.kind) {
    case "main": {
      const predicted = unpackCounts(shape.predicted, test.length);
      if (predicted.some((label) => label >= classes.length)) {
        throw new Mismatch(`a class is predicted that is none of the ${classes.length}`);
      }
      return { ...shape, predicted } satisfies MainResult;
    }
    case "resample":
      return shape;
    case "control":
      return { ...shape, correct: unpackBits(shape.correct, test.length) };
    case "codelength":
      return { ...shape, blocks: [], millibits: unpackCounts(shape.millibits, train.length) };
  }
}
