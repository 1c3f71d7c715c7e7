/** The payload of the preparing shard: the plan, and what else planning and the result need to know of the model. */
import { z } from "zod";
import type { EvaluationPlan } from "../evaluate/evaluation-plan.ts";
import type { FamilyId } from "../evaluate/evaluation.ts";
import type { PerturbationSummary } from "../evaluate/result.ts";
import type { TaskFacts } from "../probes/plan-pieces.ts";
import { cutReason, Mismatch, readPayload, reasonSchema, writePayload } from "./payload.ts";

/** How the shards of a family are cut. */
export interface FamilyShape {
  /** Rows that a pair takes: one for forward differences. */
  readonly rows: 1 | 2;
  /** Examples that draw directions together. */
  readonly unitSize: number;
  /** Kinds of exact traces. */
  readonly exactKinds: number;
}

export interface Prepared {
  readonly plan: EvaluationPlan;
  readonly shapes: ReadonlyMap<FamilyId, FamilyShape>;
  readonly summary: PerturbationSummary;
  readonly facts: TaskFacts;
}

export const PREPARE = "prepare";

/** Characters of a list of parts of the model: a payload has room for two, whatever alphabet names are in. */
const MOST_CHARACTERS = 8000;
/** Layers that can be told; no language model has as many. */
export const MOST_LAYERS = 1000;

const MAX_NAME = 300;
const count = z.number().int().nonnegative();
/** JSON has no infinities: a number that is not finite is null there, and NaN again here. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);
const quality = z.strictObject({
  roundingError: number,
  stepBias: number,
  stepBiasError: number,
  reason: reasonSchema.nullable(),
});
const part = z.strictObject({ name: z.string().max(MAX_NAME), parameters: count, reason: reasonSchema });
const list = z.array(part).max(1000).readonly();

const schema = z.strictObject({
  families: z
    .array(
      z.strictObject({
        family: z.enum(["rank-one", "scaled"]),
        check: z.strictObject({ atRest: number, moved: number, change: number, epsilon: number }),
        step: z
          .strictObject({
            epsilon: z.number().positive(),
            rounding: z.strictObject({ loss: number, logits: number, tokenLoss: number }),
            quality: z.strictObject({ hessian: quality, fisher: quality, empirical: quality }),
          })
          .nullable(),
        rows: z.union([z.literal(1), z.literal(2)]),
        unitSize: z.number().int().positive().max(1024),
        exactKinds: count.max(8),
      }),
    )
    .min(1)
    .max(2),
  summary: z.strictObject({
    parameters: count,
    perturbedParameters: count,
    exactParameters: count,
    unperturbed: list,
    sharedDirections: list,
  }),
  layers: z.array(z.number().int().nullable()).max(MOST_LAYERS).readonly(),
  parameters: count,
});

export function writePrepared({ plan, shapes, summary, facts }: Prepared): string {
  return writePayload(PREPARE, {
    families: plan.map(({ family, check, step }) => ({ family, check, step, ...shapes.get(family) })),
    summary: {
      ...summary,
      unperturbed: shortened(summary.unperturbed),
      sharedDirections: shortened(summary.sharedDirections),
    },
    ...facts,
  });
}

/**
 * @param wanted the families of the job's measures.
 * @throws PayloadError
 */
export function readPrepared(wanted: readonly FamilyId[], payload: string | undefined): Prepared {
  return readPayload(PREPARE, payload, schema, ({ families, summary, layers, parameters }) => {
    const found = families.map(({ family }) => family).join(", ");
    if (found !== wanted.join(", "))
      throw new Mismatch(`its families are ${found}, expected ${wanted.join(", ")}`);
    return {
      plan: families.map(({ family, check, step }) => ({ family, check, step })),
      shapes: new Map(
        families.map(({ family, rows, unitSize, exactKinds }) => [family, { rows, unitSize, exactKinds }]),
      ),
      summary,
      facts: { layers, parameters },
    };
  });
}

type Parts = PerturbationSummary["unperturbed"];

/** The largest parts one by one, as many as there is room for, and the rest together. */
function shortened(parts: Parts): Parts {
  const named = parts.map(({ name, parameters, reason }) => ({
    name: name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name,
    parameters,
    reason: cutReason(reason),
  }));
  let room = MOST_CHARACTERS;
  const listed = new Set<Parts[number]>();
  for (const each of [...named].sort((a, b) => b.parameters - a.parameters)) {
    room -= JSON.stringify(each).length;
    if (room < 0) break;
    listed.add(each);
  }
  const rest = named.filter((each) => !listed.has(each));
  if (rest.length === 0) return named;
  return [
    ...named.filter((each) => listed.has(each)),
    {
      name: `${rest.length} others`,
      parameters: rest.reduce((sum, { parameters }) => sum + parameters, 0),
      reason: "smaller than those listed, each for a reason like theirs",
    },
  ];
}
