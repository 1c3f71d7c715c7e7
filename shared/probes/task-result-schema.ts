/** Downstream results as files, API and tables carry them. */
import { z } from "zod";
import type { ProbeResult } from "./fit-probe-merge.ts";
import type { Baseline, ProbeTaskResult, TaskResults, ZeroShotResult } from "./task-results.ts";
import { encodeFloats } from "../evaluate/float-list.ts";

const list = <S extends z.ZodType>(item: S) => z.array(item).readonly();
const share = z.number().min(0).max(1);
const score = z.object({ value: z.number(), standardError: z.number().nullable() });
/** `trainingError`: over training sets; null where they were not resampled. */
const probeScore = score.extend({ trainingError: z.number().nullable() });
const undefinedResult = z.object({ value: z.null(), reason: z.string() });
const baseline = z.object({ accuracy: probeScore, gain: score });
const layer = z.number().int().nullable();
const notRun = z.object({ accuracy: z.null(), reason: z.string() });

const probe = z.object({
  accuracy: probeScore,
  macroF1: probeScore,
  /** Bits for all training labels, and how many times fewer than without features. */
  codelength: z.union([
    score.extend({ permutationError: z.number().nullable(), compression: score }),
    undefinedResult,
  ]),
  selectivity: z.union([score.extend({ controlAccuracy: share, seenTypes: share }), undefinedResult]),
  chance: share,
  classes: z.number().int().positive(),
  randomBaseline: z.union([baseline, notRun]),
  oneHotBaseline: baseline,
  layers: list(z.union([z.object({ layer, accuracy: score }), notRun.extend({ layer })])),
  l2: z.number().positive(),
  edge: z.enum(["strongest", "weakest"]).nullable(),
  unconverged: list(z.string()),
  /** A digit for each test sentence: 1 where the probe is right. */
  correct: z.string().regex(/^[01]*$/),
});

const zeroShot = z.object({
  accuracy: score,
  chance: share,
  /** float32 in base64: nats by which the right answer was preferred, one an item. */
  margins: z.string(),
});

export const probesSchema = z.record(z.string(), z.union([probe, notRun]));
export const zeroShotSchema = z.record(z.string(), z.union([zeroShot, notRun]));

export type WrittenProbe = z.infer<typeof probe>;
export type WrittenProbes = z.infer<typeof probesSchema>;
export type WrittenZeroShot = z.infer<typeof zeroShotSchema>;

/** Results of tasks in the form in which they are written. */
export function writtenTasks({ probes, zeroShot }: TaskResults): {
  probes: WrittenProbes;
  zeroShot: WrittenZeroShot;
} {
  const map = <From, To>(results: Readonly<Record<string, From>>, write: (result: From) => To) =>
    Object.fromEntries(Object.entries(results).map(([id, result]) => [id, write(result)]));
  return {
    probes: map(probes, (result) => ("reason" in result ? result : writtenProbe(result))),
    zeroShot: map(zeroShot, (result) => ("reason" in result ? result : writtenZeroShot(result))),
  };
}

function writtenProbe({ probe, random, oneHot, layers, chance, classes }: ProbeTaskResult): WrittenProbe {
  const { accuracy, macroF1, codelength, selectivity, l2, edge, unconverged, correct } = probe;
  return {
    accuracy,
    macroF1,
    codelength: codelength ?? undefinedValue("no online code was fitted"),
    selectivity: selectivity ?? undefinedValue("the task has no control task"),
    chance,
    classes,
    randomBaseline: "reason" in random ? random : writtenBaseline(random),
    oneHotBaseline: writtenBaseline(oneHot),
    layers,
    l2,
    edge,
    unconverged,
    correct: correct.join(""),
  };
}

const undefinedValue = (reason: string) => ({ value: null, reason });

function writtenBaseline({ accuracy, gain }: Baseline): {
  accuracy: ProbeResult["accuracy"];
  gain: Baseline["gain"];
} {
  return { accuracy, gain };
}

function writtenZeroShot({ accuracy, chance, margins }: ZeroShotResult): z.infer<typeof zeroShot> {
  return { accuracy, chance, margins: encodeFloats(margins) };
}
