/** Exact answers by finite differences in double precision: over every weight on its own, or along given directions. */
import type { Corpus } from "../../shared/corpus/corpus.ts";
import { fillSigns, Side } from "../../shared/perturb/directions.ts";
import type { Subject } from "../../shared/perturb/subject.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { difference, ExactModel, totalVariance, type Predictions } from "./exact-model.ts";
import type { ToyModel } from "./toy-models.ts";

export interface ExactTraces {
  readonly loss: number;
  /** By measure id, whole and by weight. */
  readonly total: Readonly<Record<string, number>>;
  readonly perTensor: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Central differences in float64 are good to about eight digits at this step. */
const STEP = 1e-4;

interface Curvature {
  readonly fisher: number;
  readonly hessian: number;
  readonly empirical: number;
}

function curvature(base: Predictions, plus: Predictions, minus: Predictions): Curvature {
  let [hessian, empirical] = [0, 0];
  base.losses.forEach((loss, t) => {
    hessian += (plus.losses[t]! + minus.losses[t]! - 2 * loss) / STEP ** 2;
    empirical += ((plus.losses[t]! - minus.losses[t]!) / (2 * STEP)) ** 2;
  });
  return {
    hessian,
    empirical,
    fisher: totalVariance(difference(plus.logits, minus.logits, 2 * STEP), base.logits),
  };
}

/** Every trace, by moving every weight on its own. */
export async function exactTraces(toy: ToyModel, corpus: Corpus, runtime: Runtime): Promise<ExactTraces> {
  const model = await ExactModel.load(toy, runtime);
  const { examples, objective } = corpus;
  const base = await model.predict(examples, objective);
  const tokens = base.losses.length;
  const perTensor: Record<string, Record<string, number>> = {};
  for (const [name, values] of model.weights) {
    for (let j = 0; j < values.length; j++) {
      const theta = values[j]!;
      values[j] = theta + STEP;
      const plus = await model.predict(examples, objective);
      values[j] = theta - STEP;
      const minus = await model.predict(examples, objective);
      values[j] = theta;
      const { fisher, hessian, empirical } = curvature(base, plus, minus);
      for (const [id, part] of [
        ["fisher-trace", fisher],
        ["hessian-trace", hessian],
        ["empirical-fisher-trace", empirical],
        ["adaptive-fisher-trace", theta ** 2 * fisher],
        ["adaptive-hessian-trace", theta ** 2 * hessian],
      ] as const) {
        const parts = (perTensor[id] ??= {});
        parts[name] = (parts[name] ?? 0) + part / tokens;
      }
    }
  }
  await model.dispose();
  const total = Object.entries(perTensor).map(([id, parts]) => [
    id,
    Object.values(parts).reduce((sum, part) => sum + part, 0),
  ]);
  return {
    loss: base.losses.reduce((sum, value) => sum + value, 0) / tokens,
    total: Object.fromEntries(total) as Record<string, number>,
    perTensor,
  };
}

/** Traces over `parameters` as the mean over the very directions of them that rank-one passes draw. */
export async function exactAlongDirections(
  toy: ToyModel,
  parameters: Subject["parameters"],
  corpus: Corpus,
  directions: number,
  seed: number,
  runtime: Runtime,
): Promise<Readonly<Record<string, number>>> {
  const model = await ExactModel.load(toy, runtime);
  const { examples, objective } = corpus;
  const original = new Map([...model.weights].map(([name, values]) => [name, values.slice()]));
  const sums = { "fisher-trace": 0, "hessian-trace": 0 };
  let tokens = 0;
  for (let example = 0; example < examples.length; example++) {
    const alone = [examples[example]!];
    const base = await model.predict(alone, objective);
    tokens += base.losses.length;
    for (let direction = 0; direction < directions; direction++) {
      const move = async (step: number) => {
        for (const { name, index, dims, count } of parameters) {
          const v = directionOf(dims, count, { seed, direction, example, tensor: index });
          const values = model.weights.get(name)!;
          original.get(name)!.forEach((theta, j) => (values[j] = theta + step * v[j]!));
        }
        return model.predict(alone, objective);
      };
      const { fisher, hessian } = curvature(base, await move(STEP), await move(-STEP));
      sums["fisher-trace"] += fisher;
      sums["hessian-trace"] += hessian;
    }
    for (const [name, values] of original) model.weights.get(name)!.set(values);
  }
  await model.dispose();
  return Object.fromEntries(Object.entries(sums).map(([id, sum]) => [id, sum / directions / tokens]));
}

/** a bᵀ for matrices, a sign for every entry of vectors. */
function directionOf(
  dims: readonly number[],
  count: number,
  key: { seed: number; direction: number; example: number; tensor: number },
): Float32Array {
  const signs = (side: Side, length: number) => {
    const out = new Float32Array(length);
    fillSigns(out, 0, length, { ...key, side }, 1);
    return out;
  };
  if (dims.length !== 2) return signs(Side.rows, count);
  const [rows, columns] = dims as [number, number];
  const [a, b] = [signs(Side.rows, rows), signs(Side.columns, columns)];
  return Float32Array.from({ length: count }, (_, j) => a[Math.floor(j / columns)]! * b[j % columns]!);
}
