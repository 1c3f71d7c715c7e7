/** A suite of six words, and results of it with any values: synthetic, to fill boards with. */
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import { encodeFloats } from "../../../shared/evaluate/float-list.ts";
import { formatSuite, parseSuite } from "../../../shared/suites/suite-file.ts";
import { hex, sha256 } from "../random.ts";

/** In the form in which it is stored. */
export function suiteText(id = "small@1", description = "For tests."): string {
  const sentence = (...input_ids: number[]) => ({ input_ids, label: input_ids[0]! % 2 });
  return formatSuite(
    parseSuite(
      JSON.stringify({
        schemaVersion: 1,
        definition: {
          id,
          title: "Small",
          description,
          objective: "mlm",
          vocabulary: { size: 8, pad: 0, mask: 1 },
          language: null,
          measures: ["loss", "fisher-trace", "hessian-trace"],
          directions: 2,
          seed: 1,
          probeDimensions: 8,
        },
        corpus: [
          { input_ids: [2, 1, 4], labels: [-100, 3, -100] },
          { input_ids: [1, 5], labels: [2, -100] },
        ],
        tasks: [
          {
            kind: "probe",
            id: "parity",
            title: "Parity",
            description: "Whether the first word is even.",
            pooling: { kind: "mean" },
            classes: ["even", "odd"],
            controlPositions: [0],
            train: [sentence(2, 3), sentence(3, 2), sentence(4, 2), sentence(5, 2)],
            validation: [sentence(2, 4), sentence(3, 4)],
            test: [sentence(2, 5), sentence(3, 5), sentence(4, 5)],
          },
          {
            kind: "minimal-pairs",
            id: "pairs",
            title: "Pairs",
            description: "Rising words.",
            pairs: [{ good: [2, 3], bad: [3, 2] }],
          },
        ],
      }),
    ),
  );
}

export interface SyntheticResult {
  readonly suite?: string;
  /** Two different numbers are two different models. */
  readonly model: number;
  readonly name?: string;
  readonly file?: string;
  readonly run?: string | null;
  readonly family?: string | null;
  readonly step?: number | null;
  readonly loss?: number;
  /** Null: undefined. */
  readonly fisher?: number | null;
  /** Null: not run. */
  readonly accuracy?: number | null;
}

export async function syntheticResult(options: SyntheticResult): Promise<Result> {
  const { model, run = null, family = null, step = null, loss = 1, fisher = 10, accuracy = 2 / 3 } = options;
  const text = options.suite ?? suiteText();
  const { definition } = parseSuite(text);
  const suiteSha256 = hex(await sha256(text));
  const modelSha256 = hex(await sha256(`model ${model}`));
  const file = options.file ?? `model-${model}.onnx`;
  const error = { standardError: 0.0123456789 };
  return {
    schemaVersion: 2,
    plateau: "0.1.0",
    checkpoint: {
      file,
      sha256: modelSha256,
      card:
        options.name === undefined && run === null && family === null
          ? null
          : { name: options.name ?? null, run, family, step },
      parameters: 100 + model,
      perturbedParameters: 90,
      exactParameters: 10,
      unperturbed: [],
      sharedDirections: [],
    },
    corpus: { sha256: suiteSha256, objective: "mlm", examples: 2, labelledTokens: 2 },
    suite: definition.id,
    runtime: { device: "cpu", ort: "1.30.0" },
    seed: 1,
    measures: {
      loss: { value: loss, ...error, unit: "nats/token" },
      "fisher-trace":
        fisher === null
          ? { value: null, reason: "no step suits" }
          : { value: fisher, ...error, directionError: 0.5, unit: "nats/token" },
      "hessian-trace": { value: 12, ...error, directionError: 0.25, unit: "nats/token" },
    },
    probes: {
      parity:
        accuracy === null
          ? { accuracy: null, reason: "the model has no hidden states" }
          : {
              accuracy: { value: accuracy, ...error, trainingError: 0.01 },
              macroF1: { value: accuracy, ...error, trainingError: 0.01 },
              codelength: { value: null, reason: "no online code was fitted" },
              selectivity: { value: null, reason: "the task has no control task" },
              chance: 2 / 3,
              classes: 2,
              randomBaseline: { accuracy: null, reason: "quantised" },
              oneHotBaseline: {
                accuracy: { value: 0.5, ...error, trainingError: null },
                gain: { value: 0.1, ...error },
              },
              layers: [],
              l2: 1,
              edge: null,
              unconverged: [],
              correct: "110",
            },
    },
    zeroShot: { pairs: { accuracy: { value: 1, ...error }, chance: 0.5, margins: encodeFloats([0.5]) } },
    perExample: { loss: encodeFloats([loss, loss]) },
    receipt: {
      versions: { plateau: "0.1.0", onnxruntime: "1.30.0", node: "24.21.0" },
      device: "cpu",
      threads: 1,
      model: { file, sha256: modelSha256, bytes: 1000, externalData: [] },
      corpus: { file: definition.id, sha256: suiteSha256, bytes: text.length, objective: "mlm" },
      measures: ["loss", "fisher-trace", "hessian-trace"],
      directions: { "rank-one": 2 },
      precision: null,
      perLayer: false,
      seed: 1,
      epsilon: { "rank-one": 0.001 },
      epsilonByHand: false,
      batch: 2,
      include: [],
      exclude: [],
      selfCheck: {},
      rounding: {},
      seconds: 1,
    },
  };
}
