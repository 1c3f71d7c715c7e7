/** The payload of a measuring shard: a tally, its numbers to the last bit. */
import { z } from "zod";
import { targetsOf, type Corpus } from "../corpus/corpus.ts";
import { encodeDoubles } from "../evaluate/float-list.ts";
import type { Tally } from "../evaluate/tally.ts";
import { doublesSchema, expectCount, Mismatch, readPayload, writePayload } from "./payload.ts";
import type { MeasureSpec } from "./shard-spec.ts";

const drawn = z.number().int().nonnegative().max(10_000);
const sums = z.strictObject({ sum: doublesSchema, squares: doublesSchema });

const schema = z.strictObject({
  unitSize: z.number().int().positive().max(1024),
  loss: doublesSchema,
  excess: doublesSchema.nullable(),
  /** One number where all examples drew as many. */
  directions: z.union([drawn, z.array(drawn)]),
  exact: z.partialRecord(z.enum(["curvature", "empirical"]), doublesSchema),
  /** Null where a sum is not finite: the measure then has no value. */
  measures: z.record(z.string().max(100), sums.nullable()),
});

/** Bytes of a float64 in base64. */
const DOUBLE_BYTES = (8 * 4) / 3;

/** Bytes of an example's numbers, at most. */
export function bytesPerExample(measures: number, exactKinds: number): number {
  const counts = 4;
  return DOUBLE_BYTES * (2 + exactKinds + 2 * measures) + counts;
}

export function writeMeasured(id: string, tally: Tally): string {
  const { unitSize, loss, excess, directions, exact, measures } = tally;
  const alike = directions.every((drawn) => drawn === directions[0]);
  return writePayload(id, {
    unitSize,
    loss: encodeDoubles(loss),
    excess: excess && encodeDoubles(excess),
    directions: alike ? directions[0] : directions,
    exact: Object.fromEntries(Object.entries(exact).map(([kind, { sum }]) => [kind, encodeDoubles(sum)])),
    measures: Object.fromEntries(
      Object.entries(measures).map(([measure, { sum, squares }]) => {
        const finite = [...sum, ...squares].every(Number.isFinite);
        return [measure, finite ? { sum: encodeDoubles(sum), squares: encodeDoubles(squares) } : null];
      }),
    ),
  });
}

/**
 * @param measures ids of the family's measures.
 * @throws PayloadError
 */
export function readMeasured(
  id: string,
  { first, count }: MeasureSpec,
  measures: readonly string[],
  corpus: Corpus,
  payload: string | undefined,
): Tally {
  return readPayload(id, payload, schema, (shape) => {
    const { unitSize } = shape;
    const units = Math.ceil(count / unitSize);
    const directions =
      typeof shape.directions === "number" ? Array<number>(count).fill(shape.directions) : shape.directions;
    expectCount("losses", shape.loss.length, count);
    expectCount("counts of directions", directions.length, count);
    if (shape.excess) expectCount("excess losses", shape.excess.length, count);
    for (const sum of Object.values(shape.exact)) expectCount("exact traces", sum.length, count);
    const found = Object.keys(shape.measures);
    if (found.length !== measures.length || !measures.every((measure) => found.includes(measure))) {
      throw new Mismatch(
        `it measures ${found.join(", ") || "nothing"}, expected ${measures.join(", ") || "nothing"}`,
      );
    }
    return {
      firstExample: first,
      firstDirection: 0,
      unitSize,
      tokens: corpus.examples
        .slice(first, first + count)
        .map((example) => targetsOf(example, corpus.objective).length),
      loss: shape.loss,
      excess: shape.excess,
      directions,
      exact: Object.fromEntries(
        // By parameter they are wanted only where traces are split by tensor.
        Object.entries(shape.exact).map(([kind, sum]) => [kind, { sum, byParameter: {} }]),
      ),
      measures: Object.fromEntries(
        measures.map((measure) => {
          const { sum, squares } = shape.measures[measure] ?? {
            sum: Array<number>(count).fill(NaN),
            squares: Array<number>(units).fill(NaN),
          };
          expectCount(`sums of ${measure}`, sum.length, count);
          expectCount(`squares of ${measure}`, squares.length, units);
          return [measure, { sum, squares }];
        }),
      ),
    };
  });
}
