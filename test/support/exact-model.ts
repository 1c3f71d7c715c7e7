/** The double-precision twin of a toy model, with weights that can be set: what brute force differentiates. */
import { targetsOf, type Corpus, type Example } from "../../shared/corpus/corpus.ts";
import { inputFeeds, modelInputs } from "../../shared/onnx/inputs.ts";
import { writeModel } from "../../shared/onnx/write.ts";
import type { Runtime, Session } from "../../shared/runtime.ts";
import type { ToyModel } from "./toy-models.ts";

export interface Predictions {
  /** Logits by labelled token. */
  readonly logits: readonly Float64Array[];
  /** −log p(label) by labelled token, nats. */
  readonly losses: readonly number[];
}

export class ExactModel {
  /** Values by weight name; change them in place. */
  readonly weights: ReadonlyMap<string, Float64Array>;
  private readonly model: ToyModel;
  private readonly session: Session;

  private constructor(model: ToyModel, session: Session) {
    this.model = model;
    this.session = session;
    this.weights = new Map(model.weights.map(({ name, values }) => [name, Float64Array.from(values)]));
  }

  static async load(model: ToyModel, runtime: Runtime): Promise<ExactModel> {
    return new ExactModel(model, await runtime.createSession(writeModel(model.exact)));
  }

  async predict(examples: readonly Example[], objective: Corpus["objective"]): Promise<Predictions> {
    const { exact, vocabulary, weights } = this.model;
    const length = Math.max(...examples.map(({ inputIds }) => inputIds.length));
    const ownInputs = { ...exact, inputs: exact.inputs.filter(({ name }) => !this.weights.has(name)) };
    const feeds = inputFeeds(ownInputs, modelInputs(ownInputs), examples, length);
    for (const { name, dims } of weights)
      feeds[name] = { type: "float64", dims, data: this.weights.get(name)! };
    const data = (await this.session.run(feeds))["logits"]!.data as Float64Array;
    const targets = examples.flatMap((example, row) =>
      targetsOf(example, objective).map(({ position, label }) => ({ row: row * length + position, label })),
    );
    const logits = targets.map(({ row }) => data.slice(row * vocabulary, (row + 1) * vocabulary));
    return { logits, losses: logits.map((z, t) => logSumExp(z) - z[targets[t]!.label]!) };
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/** Σ_t Var_{c∼softmax(z_t)}(δ_tc). */
export function totalVariance(delta: readonly Float64Array[], z: readonly Float64Array[]): number {
  return delta.reduce((sum, row, t) => {
    const total = logSumExp(z[t]!);
    const p = z[t]!.map((value) => Math.exp(value - total));
    const mean = row.reduce((all, value, c) => all + p[c]! * value, 0);
    return sum + row.reduce((all, value, c) => all + p[c]! * (value - mean) ** 2, 0);
  }, 0);
}

export function difference(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  divisor: number,
): Float64Array[] {
  return a.map((row, t) => row.map((value, c) => (value - b[t]![c]!) / divisor));
}

function logSumExp(z: Float64Array): number {
  const largest = z.reduce((max, value) => Math.max(max, value), -Infinity);
  return largest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
