/** `plateau verify`: replays a receipt and compares every number. */
import { PlateauError } from "../../../shared/errors.ts";
import type { Receipt, Result } from "../../../shared/evaluate/result-schema.ts";
import { MEASURES } from "../../../shared/measures/index.ts";
import { compareResults } from "../compare-results.ts";
import type { Comparison } from "../comparison.ts";
import { readCorpus, type CorpusFile } from "../corpus-file.ts";
import { findCorpus } from "../corpus-search.ts";
import { startRuntime, type Device } from "../devices.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { findSuite } from "../../../shared/suites/index.ts";
import type { Suite } from "../../../shared/suites/suite.ts";
import { suiteMaterial } from "../material.ts";
import { ModelFile, type FileIdentity } from "../model-file.ts";
import { costText, significant } from "../numbers.ts";
import { createProgress } from "../progress.ts";
import { replay } from "../replay.ts";
import { readResults } from "../result-file.ts";
import { alignPoints, table } from "../table.ts";
import { columns, print, printable, styled } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";
import { VERSION } from "../version.ts";

export interface VerifyCommandOptions {
  readonly corpus?: string;
  readonly suite?: string;
  readonly device: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

/** The model or the corpus is not the one of the result, so a replay would say nothing. */
export class OtherInputError extends PlateauError {}

/** Runs the command. Answers the exit code: failed where some number does not agree. */
export async function verifyCommand(
  resultPath: string,
  modelPath: string,
  options: VerifyCommandOptions,
): Promise<number> {
  const results = await readResults(resultPath);
  const model = await ModelFile.open(modelPath).catch((error: unknown) => reportFailure(error, modelPath));
  if (typeof model === "number") return model;
  try {
    const result = choose(results, await model.identify(), resultPath, modelPath);
    const { receipt } = result;
    const { suite, path, file } = await materialOf(result, options, resultPath, modelPath);
    const { corpus, identity } = file;
    assertSame(suite ? "The suite" : "The corpus", path, receipt.corpus.sha256, identity.sha256);
    const { runtime } = await startRuntime(options.device, options.threads);

    const progress = createProgress(process.stderr, options.quiet ?? false);
    for (const line of differences(receipt, runtime)) progress.note(line);
    const replayed = await replay(
      result,
      model.graph,
      runtime,
      corpus,
      suite,
      (rows) => progress.note(costText(rows)),
      (state) => progress.update(modelPath, state, null),
    ).finally(() => progress.clear());
    const comparisons = compareResults(result, replayed, {
      examples: corpus.examples.length,
      labelledTokens: corpus.labelledTokens,
    });
    print(comparisonLines(comparisons, result).join("\n"));
    return comparisons.every(({ agrees }) => agrees) ? EXIT.ok : EXIT.failed;
  } finally {
    await model.close();
  }
}

/**
 * The suite or the corpus of a result.
 *
 * @throws UsageError where the options name the other of the two, or the suite is not known.
 */
async function materialOf(
  { suite, receipt }: Result,
  options: VerifyCommandOptions,
  resultPath: string,
  modelPath: string,
): Promise<{ readonly suite: Suite | null; readonly path: string; readonly file: CorpusFile }> {
  if (suite !== null) {
    if (options.corpus !== undefined) {
      throw new UsageError(
        `The result is of suite ${printable(suite)}, not of a corpus; leave --corpus out, or give --suite.`,
      );
    }
    // A result may come from anyone: what it calls its suite is never taken for a path.
    if (options.suite === undefined && !findSuite(suite)) {
      throw new UsageError(
        `Plateau does not bring along ${printable(suite)}, the suite of the result; give its file with --suite.`,
      );
    }
    const path = options.suite ?? suite;
    const material = await suiteMaterial(path);
    return { suite: material.suite, path, file: material.corpus };
  }
  if (options.suite !== undefined) {
    throw new UsageError("The result is of a corpus, not of a suite; give --corpus in place of --suite.");
  }
  const path = options.corpus ?? (await findCorpus(receipt.corpus.file, resultPath, modelPath));
  return { suite: null, path, file: await readCorpus(path, receipt.corpus.objective) };
}

function choose(
  results: readonly Result[],
  model: FileIdentity & { readonly externalData: readonly FileIdentity[] },
  resultPath: string,
  modelPath: string,
): Result {
  const result = results.find(({ checkpoint }) => checkpoint.sha256 === model.sha256);
  if (!result) {
    if (results.length > 1) {
      throw new OtherInputError(
        `None of the ${results.length} results in ${resultPath} is of ${modelPath} (sha256 ${model.sha256}).`,
      );
    }
    assertSame("The model", modelPath, results[0]!.checkpoint.sha256, model.sha256);
  }
  const hashes = (files: readonly FileIdentity[]) => files.map(({ sha256 }) => sha256).join(" ");
  assertSame(
    "The model's external data",
    modelPath,
    hashes(result!.receipt.model.externalData),
    hashes(model.externalData),
  );
  return result!;
}

function assertSame(what: string, path: string, expected: string, found: string): void {
  if (expected === found) return;
  throw new OtherInputError(
    `${what} is not the one of the result: sha256 ${expected || "(none)"} there, ${found || "(none)"} in ${path}.`,
  );
}

/** Versions and devices that are not those of the receipt, one a line. */
function differences(
  { versions, device }: Receipt,
  runtime: { readonly device: string; readonly version: string },
): string[] {
  const pairs: [string, string, string][] = [
    ["plateau", versions.plateau, VERSION],
    ["onnxruntime", versions.onnxruntime, runtime.version],
    ["node", versions.node, process.versions.node],
    ["device", device, runtime.device],
  ];
  return pairs
    .filter(([, there, here]) => there !== here)
    .map(([what, there, here]) => `${what}: ${there} in the result, ${here} here`);
}

function comparisonLines(comparisons: readonly Comparison[], { measures }: Result): string[] {
  const column = (head: string, cells: string[]) => ({
    head,
    align: "right" as const,
    cells: alignPoints(cells),
  });
  const number = (value: Comparison["claimed"]) =>
    typeof value !== "number"
      ? printable(value ?? "–")
      : Number.isInteger(value)
        ? String(value)
        : Number.isFinite(value)
          ? significant(value, 7)
          : "∞";
  const undefinedAgain = (id: string) =>
    comparisons.every(
      ({ what, agrees }) => agrees || what !== MEASURES.find((each) => each.id === id)?.label,
    );
  const skipped = Object.entries(measures).flatMap(([id, measure]) =>
    measure.value === null
      ? [
          `${id} is undefined in the result (${measure.reason})${undefinedAgain(id) ? " and in the replay" : ""}.`,
        ]
      : [],
  );
  const wrong = comparisons.filter(({ agrees }) => !agrees);
  const verdict =
    wrong.length === 0
      ? "All numbers agree."
      : `${wrong.length} of ${comparisons.length} numbers do not agree: ${wrong.map(({ what }) => what.trim()).join(", ")}.`;
  return [
    ...table(
      [
        { head: "", align: "left", cells: comparisons.map(({ what }) => what) },
        column(
          "in the result",
          comparisons.map(({ claimed }) => number(claimed)),
        ),
        column(
          "replayed",
          comparisons.map(({ replayed }) => number(replayed)),
        ),
        column(
          "allowed\ndifference",
          comparisons.map(({ tolerance }) => (tolerance === 0 ? "0" : significant(tolerance, 2))),
        ),
        { head: "", align: "left", cells: comparisons.map(({ agrees }) => (agrees ? "agrees" : "DIFFERS")) },
      ],
      columns(),
    ),
    "",
    ...skipped.map(printable),
    styled("bold", verdict),
  ];
}
