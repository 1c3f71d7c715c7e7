import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeLanguage } from "../languages/definition.ts";
import { HIDDEN } from "../languages/language.ts";
import type { Pcfg } from "../languages/pcfg.ts";
import { decode, MASK } from "../languages/vocabulary.ts";
import { suiteConditionals, optimalLoss } from "./conditionals.ts";
import { chanceOf, describeTask } from "./describe.ts";
import { findSuite, SUITES } from "./index.ts";
import { formatSuite, parseSuite } from "./suite-file.ts";
import type { ProbeTask } from "./task.ts";

const made = SUITES.flatMap(({ id, source }) => (source.kind === "made" ? [[id, source.make] as const] : []));
const mini = made.find(([id]) => id === "pcfg-mini@1")![1]();
const probes = mini.tasks.filter((task): task is ProbeTask => task.kind === "probe");

test("a bare name means the latest version", () => {
  expect(findSuite("pcfg-mini")?.id).toBe("pcfg-mini@1");
  expect(findSuite("pcfg-mini@1")?.id).toBe("pcfg-mini@1");
  expect(findSuite("pcfg-mini@2")).toBeUndefined();
  expect(findSuite("constructor")).toBeUndefined();
});

// A published suite never changes: a change here means a new version.
test("pcfg-mini@1 is what it was when it was published", () => {
  const sha256 = createHash("sha256").update(formatSuite(mini)).digest("hex");
  expect(sha256).toBe("757aa31d2be65e1948f30f32129fc0d3dbcf8d563b0f6221911ccf93851d2706");
});

test.each(made)("%s survives its file", (_, make) => {
  const text = formatSuite(make());
  expect(formatSuite(parseSuite(text))).toBe(text);
});

describe("tasks of pcfg-mini", () => {
  test("no test sentence occurs in training or validation, and none twice", () => {
    for (const { train, validation, test: held } of probes) {
      const all = [...train, ...validation, ...held].map(({ inputIds }) => inputIds.join(" "));
      expect(new Set(all).size).toBe(all.length);
    }
  });

  test("labels are the most likely parents", () => {
    const language = makeLanguage(mini.definition.language!) as Pcfg;
    const { nonterminals, phrases } = language.grammar;
    const roots = phrases.filter(({ parent, right }) => parent === 0 && right < 0).map(({ left }) => left);
    const spans = { "task-A": undefined, "task-B": 4, "task-C": 2 } as Record<string, number | undefined>;
    for (const { id, classes, test: held } of probes) {
      for (const { inputIds, label } of held.slice(0, 200)) {
        const words = decode(inputIds, language.words.length)!;
        const candidates = spans[id] === undefined ? roots : nonterminals.map((_, i) => i);
        // p(A ⇒* span) from the sentence probability of the grammar that starts at A.
        const inside = language.inside(words.slice(0, spans[id]));
        const best = candidates.reduce((a, b) => (inside[b]! > inside[a]! ? b : a));
        expect(classes[label]).toBe(nonterminals[best]);
      }
    }
  });

  test("the bad word of a pair is at least 50 times less likely", () => {
    const language = makeLanguage(mini.definition.language!);
    const pairs = mini.tasks.find((task) => task.kind === "minimal-pairs")!.pairs;
    for (const { good, bad } of pairs.slice(0, 300)) {
      const differing = good.flatMap((id, t) => (id === bad[t] ? [] : [t]));
      expect(differing).toHaveLength(1);
      const [t] = differing as [number];
      const words = decode(good, language.words.length)!;
      const [q] = language.conditionals(words.with(t, HIDDEN)) as [Float64Array];
      expect(q[bad[t]! - 2]! * 50).toBeLessThanOrEqual(q[good[t]! - 2]!);
    }
  });

  test("chance is the share of the largest class", () => {
    const [task] = probes as [ProbeTask];
    const shares = task.classes.map(
      (_, c) => task.test.filter(({ label }) => label === c).length / task.test.length,
    );
    expect(chanceOf(task)).toBe(Math.max(...shares));
    expect(describeTask(task).summary).toContain("2000/1000/2000 sentences");
  });
});

test("one token a sentence is masked, and the language says how it continues", () => {
  const conditionals = suiteConditionals(mini)!;
  expect(conditionals).toHaveLength(mini.corpus.labelledTokens);
  mini.corpus.examples.forEach(({ inputIds, labels }, i) => {
    expect(inputIds.filter((id) => id === MASK)).toHaveLength(1);
    // What was really there is possible.
    expect(conditionals[i]![labels[inputIds.indexOf(MASK)]!]).toBeGreaterThan(0);
  });
  // Cross-entropy of the true conditionals on their own samples is their entropy, to sampling error.
  const { value, standardError } = optimalLoss(conditionals);
  const losses = mini.corpus.examples.map(
    ({ inputIds, labels }, i) => -Math.log(conditionals[i]![labels[inputIds.indexOf(MASK)]!]!),
  );
  const loss = losses.reduce((sum, each) => sum + each, 0) / losses.length;
  expect(Math.abs(loss - value)).toBeLessThan(4 * Math.hypot(standardError, 1 / Math.sqrt(losses.length)));
});

describe("suite files from strangers", () => {
  const small = {
    schemaVersion: 1,
    definition: {
      id: "mine@1",
      title: "Mine",
      description: "",
      objective: "mlm",
      vocabulary: { size: 10, pad: 0, mask: 1 },
      language: null,
      measures: ["loss"],
      directions: 4,
      seed: 1,
      probeDimensions: 16,
    },
    corpus: [{ input_ids: [2, 1, 3], labels: [-100, 4, -100] }],
    tasks: [
      {
        kind: "probe",
        id: "t",
        title: "T",
        description: "",
        pooling: { kind: "mean" },
        classes: ["a", "b"],
        controlPositions: [0],
        train: [{ input_ids: [2], label: 0 }],
        validation: [{ input_ids: [3], label: 1 }],
        test: [{ input_ids: [4], label: 1 }],
      },
    ],
  };
  type Small = typeof small;
  const edited = (edit: (suite: Small) => void) => {
    const copy = structuredClone(small);
    edit(copy);
    return JSON.stringify(copy);
  };

  test("a good one is read", () => {
    expect(parseSuite(JSON.stringify(small)).tasks[0]).toMatchObject({ id: "t" });
  });

  test.each<[string, string, RegExp]>([
    ["no JSON", "{", /not JSON/],
    ["another thing", "[]", /not a suite/],
    ["a name without version", edited((s) => (s.definition.id = "mine")), /name and version/],
    ["an unknown measure", edited((s) => (s.definition.measures = ["sharpness"])), /no measure 'sharpness'/],
    ["a token past the vocabulary", edited((s) => (s.corpus[0]!.input_ids = [2, 1, 10])), /token id 10/],
    ["a label past the vocabulary", edited((s) => (s.corpus[0]!.labels = [-100, 99, -100])), /token id 99/],
    ["labels of another length", edited((s) => (s.corpus[0]!.labels = [4])), /labels has 1 entries/],
    ["no mask", edited((s) => (s.definition.vocabulary.mask = null as never)), /vocabulary.mask/],
    ["two tasks of one name", edited((s) => s.tasks.push(s.tasks[0]!)), /two tasks are called 't'/],
    [
      "a test sentence seen in training",
      edited((s) => (s.tasks[0]!.test = s.tasks[0]!.train)),
      /also occurs/,
    ],
    ["a label past the classes", edited((s) => (s.tasks[0]!.test[0]!.label = 2)), /label 2 is not below/],
    ["an unknown field", edited((s) => Object.assign(s.definition, { extra: 1 })), /extra/],
    [
      "a language of other size",
      edited((s) => (s.definition.language = { kind: "pcfg", grammar: "S a 1" } as never)),
      /vocabulary.size is 10, but the language's words, padding and mask are 3/,
    ],
    [
      "a grammar that does not end",
      edited((s) => (s.definition.language = { kind: "pcfg", grammar: "S S S 1" } as never)),
      /goes? round/,
    ],
  ])("%s is refused with a sentence", (_, text, message) => {
    expect(() => parseSuite(text)).toThrow(message);
  });
});
