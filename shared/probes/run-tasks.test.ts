import { beforeAll, describe, expect, test } from "vitest";
import { randomSource } from "../../test/support/random.ts";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import { resultSchema } from "../evaluate/result-schema.ts";
import { decodeFloats } from "../evaluate/float-list.ts";
import type { Suite } from "../suites/suite.ts";
import type { MinimalPairsTask, MultipleChoiceTask, ProbeTask, Task } from "../suites/task.ts";
import { runTasks, type TaskCache } from "./run-tasks.ts";
import { TaskError } from "./sentences.ts";
import { writtenTasks } from "./task-result-schema.ts";
import type { TaskResults } from "./task-results.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const corpus = toyCorpus("mlm", 12);
const VOCABULARY = 11;
const MASK = 10;
const SIZES = [240, 120, 240] as const;

let subject: Subject;
beforeAll(async () => {
  subject = await prepareSubject(toyModel("mlm").graph, runtime, corpus);
});

/**
 * Different sentences of five tokens. The second one, out of as few as six features can tell apart, says the class,
 * unless `labelOf` says otherwise.
 */
function probeTask(id: string, change: Partial<ProbeTask> = {}, labelOf?: (i: number) => number): ProbeTask {
  const random = randomSource(5);
  const seen = new Set<string>();
  const examples = Array.from({ length: SIZES[0] + SIZES[1] + SIZES[2] }, (_, i) => {
    let inputIds: number[];
    do inputIds = Array.from({ length: 5 }, (_, t) => Math.floor(random() * (t === 1 ? 5 : MASK)));
    while (seen.has(inputIds.join()));
    seen.add(inputIds.join());
    return { inputIds, label: labelOf?.(i) ?? inputIds[1]! % 3 };
  });
  return {
    kind: "probe",
    id,
    title: id,
    description: "",
    pooling: { kind: "concatenated" },
    classes: ["a", "b", "c"],
    controlPositions: [0],
    train: examples.slice(0, SIZES[0]),
    validation: examples.slice(SIZES[0], SIZES[0] + SIZES[1]),
    test: examples.slice(SIZES[0] + SIZES[1]),
    ...change,
  };
}

const pairs: MinimalPairsTask = {
  ...{ kind: "minimal-pairs", id: "pairs", title: "Pairs", description: "" },
  pairs: Array.from({ length: 20 }, (_, i) => ({ good: [1, 2, i % 10], bad: [1, 3, i % 10] })),
};

const choice: MultipleChoiceTask = {
  ...{ kind: "multiple-choice", id: "choice", title: "Choice", description: "" },
  items: Array.from({ length: 12 }, (_, i) => ({
    prompt: [1, i % 10],
    choices: [[4], [5], [6]],
    answer: i % 3,
  })),
};

function suiteOf(tasks: readonly Task[], size = VOCABULARY): Suite {
  return {
    definition: {
      ...{ id: "test@1", title: "Test", description: "", objective: "mlm" },
      vocabulary: { size, pad: 0, mask: MASK },
      ...{ language: null, measures: ["loss"], directions: 1, seed: 3, probeDimensions: 32 },
    },
    corpus,
    tasks,
  };
}

const run = (tasks: readonly Task[], cache: TaskCache = new Map()) =>
  runTasks(subject, runtime, suiteOf(tasks), cache);

/** The result of a probe that must have been run. */
function ranProbe({ probes }: TaskResults, id: string) {
  const result = probes[id]!;
  if ("reason" in result) throw new Error(result.reason);
  return result;
}

describe("a suite of one task of each kind", () => {
  const tasks = [probeTask("second"), pairs, choice];
  let results: TaskResults;
  const progress: (readonly [string, number])[] = [];
  beforeAll(async () => {
    results = await runTasks(subject, runtime, suiteOf(tasks), new Map(), {
      onProgress: (task, share) => void progress.push([task, share]),
    });
  });

  test("the planted signal is found, in every layer, and both baselines are there", () => {
    const { probe, random, oneHot, layers, chance, classes } = ranProbe(results, "second");
    expect(probe.accuracy.value).toBeGreaterThan(0.85);
    expect(probe.accuracy.trainingError).toBeGreaterThan(0);
    expect(probe.macroF1.value).toBeGreaterThan(0.85);
    expect(probe.correct).toHaveLength(SIZES[2]);
    expect(probe.correct.reduce((sum, one) => sum + one, 0) / SIZES[2]).toBe(probe.accuracy.value);
    expect(probe.codelength!.compression.value).toBeGreaterThan(1.5);
    // Random labels of the first word are not in the features as a whole.
    expect(probe.selectivity!.value).toBeGreaterThan(0);
    expect(layers.map(({ layer }) => layer)).toEqual([null, 0]);
    for (const { accuracy } of layers) expect(accuracy!.value).toBeGreaterThan(0.85);
    // Words at positions tell all there is to know.
    expect(oneHot.accuracy.value).toBe(1);
    expect(oneHot.gain.value).toBeCloseTo(probe.accuracy.value - 1, 12);
    if ("reason" in random) throw new Error(random.reason);
    expect(random.accuracy.value).toBeGreaterThan(0.5);
    expect(random.gain.value).toBeCloseTo(probe.accuracy.value - random.accuracy.value, 12);
    expect(classes).toBe(3);
    expect(chance).toBeLessThan(0.5);
    expect(probe.unconverged).toEqual([]);
  });

  test("without training: as many margins as items, and accuracies from them", () => {
    const [byPair, byItem] = [results.zeroShot["pairs"]!, results.zeroShot["choice"]!];
    if ("reason" in byPair || "reason" in byItem) throw new Error("not run");
    expect(byPair).toMatchObject({ chance: 0.5 });
    expect(byItem.chance).toBeCloseTo(1 / 3, 12);
    for (const { accuracy, margins } of [byPair, byItem]) {
      expect(accuracy.value).toBe(margins.filter((margin) => margin > 0).length / margins.length);
    }
    expect([byPair.margins.length, byItem.margins.length]).toEqual([20, 12]);
  });

  test("progress names the task and never goes back", () => {
    expect(new Set(progress.map(([task]) => task))).toEqual(new Set(["second", "Pairs", "Choice", ""]));
    const shares = progress.map(([, share]) => share);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
  });

  test("what is written is what the schema reads, and holds every answer", () => {
    const { probes, zeroShot } = JSON.parse(JSON.stringify(writtenTasks(results))) as ReturnType<
      typeof writtenTasks
    >;
    const { shape } = resultSchema;
    expect(shape.probes.parse(probes)).toEqual(probes);
    expect(shape.zeroShot.parse(zeroShot)).toEqual(zeroShot);
    const [probe, shot] = [probes["second"]!, zeroShot["pairs"]!];
    if (!probe.accuracy || !shot.accuracy) throw new Error("not run");
    expect(probe.correct).toMatch(/^[01]{240}$/);
    expect(decodeFloats(shot.margins)).toHaveLength(20);
  });

  test("the order of tasks, and what ran before, change nothing", async () => {
    const again = await run([choice, pairs, probeTask("second")]);
    expect(again.probes).toEqual(results.probes);
    expect(again.zeroShot).toEqual(results.zeroShot);
  });

  test("scores of words alone are fitted once, for all models of a run", async () => {
    const cache: TaskCache = new Map();
    await run([probeTask("second")], cache);
    const [words] = [...cache.values()];
    expect([...cache.keys()]).toEqual(["second"]);
    const other = await prepareSubject(toyModel("mlm", 2).graph, runtime, corpus);
    const { probes } = await runTasks(other, runtime, suiteOf([probeTask("second")]), cache);
    const mine = ranProbe({ probes, zeroShot: {} }, "second");
    expect(cache.get("second")).toBe(words);
    expect(mine.oneHot.accuracy).toBe(words!.accuracy);
    expect(mine.probe.correct).not.toEqual(ranProbe(results, "second").probe.correct);
  });
});

test("shuffled labels give chance, from features and from words", async () => {
  // Sentences are drawn, so that counting through the classes has nothing to do with them.
  const { probe, oneHot, chance, layers } = ranProbe(
    await run([probeTask("shuffled", {}, (i) => i % 3)]),
    "shuffled",
  );
  expect(chance).toBeCloseTo(1 / 3, 12);
  for (const { accuracy } of [probe, oneHot, ...layers]) {
    expect(Math.abs(accuracy!.value - chance)).toBeLessThan(3 * accuracy!.standardError);
  }
  expect(probe.codelength!.compression.value).toBeLessThan(1);
});

describe("a task that cannot be asked says why, and the others go on", () => {
  const long = { inputIds: [1, 2, 3, 4, 5, 6, 7, 8], label: 0 };
  const lone = probeTask("lone");
  const cases: readonly (readonly [task: Task, reason: RegExp])[] = [
    [
      {
        ...lone,
        train: lone.train.filter(
          ({ label }, i) => label < 2 || i === lone.train.findIndex((e) => e.label === 2),
        ),
      },
      /Class "c" has one training example at layer 0 of lone; give at least two/,
    ],
    [
      probeTask("long", { validation: [long] }),
      /Sentence 241 of long has 8 tokens, but the model takes 6 at most/,
    ],
    [probeTask("nothing", { test: [] }), /The test split of layer 0 of nothing has no examples/],
    [probeTask("beyond", { pooling: { kind: "position", position: 5 } }), /position 5|has 5 tokens/],
    [
      probeTask("unknown", { test: [{ inputIds: [1, 99], label: 0 }] }),
      /Sentence 361 of unknown holds token 99, but the model knows tokens 0 to 10/,
    ],
    [{ ...pairs, id: "far", pairs: [{ good: [1, 2], bad: [1, 40] }] }, /holds token 40, but the model knows/],
    [{ ...pairs, id: "none", pairs: [] }, /no pairs/],
    [{ ...choice, id: "no-items", items: [] }, /no items/],
  ];
  let results: TaskResults;
  beforeAll(async () => {
    results = await run([...cases.map(([task]) => task), pairs]);
  });

  test.each(cases.map(([task, reason]) => [task.id, reason] as const))("%s", (id, reason) => {
    const result = results.probes[id] ?? results.zeroShot[id];
    expect(result).toEqual({ accuracy: null, reason: expect.stringMatching(reason) });
  });

  test("the last one was run, and everything can be written", () => {
    expect(results.zeroShot["pairs"]).toMatchObject({ accuracy: { value: expect.any(Number) } });
    const { probes, zeroShot } = writtenTasks(results);
    expect(resultSchema.shape.probes.parse(probes)).toEqual(probes);
    expect(resultSchema.shape.zeroShot.parse(zeroShot)).toEqual(zeroShot);
  });
});

test("a layer that sees the same everywhere has no score, the others do", async () => {
  // The first token is always 7: its embedding says nothing, what attention brings there does.
  const same = ({ inputIds, label }: ProbeTask["train"][number]) => ({
    inputIds: [7, ...inputIds.slice(1)],
    label,
  });
  const task = probeTask("first", { pooling: { kind: "position", position: 0 } });
  const change = { train: task.train.map(same), validation: task.validation.map(same) };
  const { layers, probe } = ranProbe(await run([{ ...task, ...change, test: task.test.map(same) }]), "first");
  expect(layers[0]).toEqual({
    layer: null,
    accuracy: null,
    reason: expect.stringMatching(/features of the embeddings of first are constant/),
  });
  expect(layers[1]!.accuracy!.value).toBeCloseTo(probe.accuracy.value, 1);
  const { probes } = writtenTasks(await run([{ ...task, ...change, test: task.test.map(same) }]));
  expect(resultSchema.shape.probes.parse(probes)).toEqual(probes);
});

test("a suite of more tokens than the model knows is refused", async () => {
  const refused = runTasks(subject, runtime, suiteOf([pairs], 12), new Map());
  await expect(refused).rejects.toThrow(TaskError);
  await expect(refused).rejects.toThrow(
    "The model knows 11 tokens, but test@1 has a vocabulary of 12: it was trained on something else.",
  );
});
