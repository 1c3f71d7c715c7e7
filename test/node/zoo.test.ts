/** The committed zoo: what its results promise, and that they are what the checkpoints give. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { resultSchema } from "../../shared/evaluate/result-schema.ts";
import { study } from "../../shared/statistics/study.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const ZOO = join(ROOT, "models/zoo/pcfg-mini");
const run = promisify(execFile);

const resultsOf = (folder: string) =>
  readdirSync(join(folder, "results")).map((name) =>
    resultSchema.parse(JSON.parse(readFileSync(join(folder, "results", name), "utf8"))),
  );
const results = resultsOf(ZOO);
const excess = results.map(({ measures }) => measures["excess-loss"]!.value!);

test.each(["pcfg-mini", "hmm", "text"])(
  "every checkpoint of %s has a card, and one result of its own",
  (suite) => {
    const folder = join(ROOT, "models/zoo", suite);
    const files = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
    const all = resultsOf(folder);
    expect(all).toHaveLength(files.length);
    for (const file of files) {
      const sha256 = createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex");
      const [result, ...more] = all.filter(({ checkpoint }) => checkpoint.sha256 === sha256);
      expect(more).toEqual([]);
      expect(result?.checkpoint.card).toEqual(
        JSON.parse(readFileSync(join(folder, file.replace(/\.onnx$/, ".card.json")), "utf8")),
      );
      expect(result?.suite).toBe(`${suite}@1`);
    }
  },
);

describe("pcfg-mini", () => {
  test("at least 16 are within 0.05 nats of the least possible loss, and many within 0.01 of each other", () => {
    expect(excess.filter((value) => value <= 0.05).length).toBeGreaterThanOrEqual(16);
    const close = excess.map((centre) => results.filter((_, i) => Math.abs(excess[i]! - centre) <= 0.01));
    const best = close.reduce((a, b) => (b.length > a.length ? b : a));
    expect(best.length).toBeGreaterThanOrEqual(10);
    const runs = new Set(best.map(({ checkpoint }) => checkpoint.card?.run));
    expect(runs.size).toBeGreaterThanOrEqual(5);
  });

  test("there are three sizes and two algorithms at least, in 25 MB", () => {
    const field = (name: string) => new Set(results.map(({ checkpoint }) => checkpoint.card?.[name]));
    expect(field("width").size).toBeGreaterThanOrEqual(3);
    expect(field("algorithm").size).toBeGreaterThanOrEqual(2);
    const bytes = [ZOO, join(ZOO, "results")].flatMap((folder) =>
      readdirSync(folder).map((name) => statSync(join(folder, name)).size),
    );
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(25e6);
  });

  test("every model beats both baselines by more than three errors on two tasks, unless trained to fail", () => {
    for (const { checkpoint, probes } of results) {
      if (checkpoint.card?.["algorithm"] === "adversarial") continue;
      const clear = Object.values(probes!).filter((probe) => {
        if (!probe.accuracy || !probe.randomBaseline.accuracy) return false;
        return [probe.randomBaseline.gain, probe.oneHotBaseline.gain].every(
          ({ value, standardError }) => value > 3 * standardError!,
        );
      });
      expect(clear.length, checkpoint.file).toBeGreaterThanOrEqual(2);
    }
  });

  test("a result is what its checkpoint gives", async () => {
    const { checkpoint } = results[0]!;
    const name = readdirSync(join(ZOO, "results"))[0]!;
    const { stdout } = await run(process.execPath, [
      join(ROOT, "worker/local/cli.ts"),
      ...["verify", join(ZOO, "results", name), join(ROOT, checkpoint.file), "--quiet", "--threads", "1"],
    ]);
    expect(stdout).toContain("All numbers agree.");
  });

  test("the findings page is what the results say", async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, "models/findings.ts")], { cwd: ROOT });
    expect(stdout).toBe(readFileSync(join(ROOT, "models/zoo/FINDINGS.md"), "utf8"));
  });
});

describe("a study of them", () => {
  const found = study(results);

  test("checkpoints of a run and of those that went on from it are one lineage", () => {
    const sgd = found.checkpoints.find(({ name }) => name.startsWith("sgd-d48-s1"))!;
    expect(sgd.lineage).toBe("adamw-d48-s1");
  });

  test("every pair of a cohort is within the tolerance", () => {
    expect(found.lossMeasure).toBe("excess-loss");
    expect(found.cohorts.largest).not.toBeNull();
    for (const { members } of found.cohorts.cohorts) {
      const values = members.map((index) => found.checkpoints[index]!.result.measures["excess-loss"]!.value!);
      expect(Math.max(...values) - Math.min(...values)).toBeLessThanOrEqual(0.01);
    }
  });

  test("tiers hold every checkpoint once, and each trace and task is looked at", () => {
    for (const tiers of [...Object.values(found.taskTiers), ...Object.values(found.traceTiers)]) {
      expect(
        tiers.tiers
          .flat()
          .map(({ id }) => id)
          .sort(),
      ).toEqual(found.checkpoints.map(({ name }) => name).sort());
    }
    expect(found.overall).toHaveLength(
      Object.keys(found.traceTiers).length * Object.keys(found.taskTiers).length,
    );
  });

  test("results of different suites, the same twice, or too few are refused", () => {
    const [a, b, c] = results as [(typeof results)[0], (typeof results)[0], (typeof results)[0]];
    expect(() => study([a, b])).toThrow(/too few/);
    expect(() => study([a, b, a])).toThrow(/there twice/);
    const other = { ...c, corpus: { ...c.corpus, sha256: "0".repeat(64) } };
    expect(() => study([a, b, other])).toThrow(/another suite/);
    const named = { ...c, checkpoint: { ...c.checkpoint, card: a.checkpoint.card } };
    expect(() => study([a, b, named])).toThrow(/Two checkpoints are called/);
  });
});
