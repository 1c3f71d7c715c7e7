/** A look at a model before it is sent: what is wrong with it is better known now than after the upload. */
import { PlateauError } from "../../../shared/errors.ts";
import type { Card } from "../../../shared/evaluate/card.ts";
import { trialRun, type Trial } from "../../../shared/evaluate/trial-run.ts";
import { assertLooksUp } from "../../../shared/evaluate/vocabulary-check.ts";
import type { PublishedSuite } from "../../../shared/api/suites.ts";
import { LARGEST_MODEL } from "../../../shared/api/uploads.ts";
import { readCard } from "../card-file.ts";
import { startRuntime } from "../devices.ts";
import { ModelFile } from "../model-file.ts";
import { byteText, grouped } from "../numbers.ts";
import { SentFile } from "./sent-file.ts";

/** The model cannot be sent, or could not be evaluated there. */
export class UnsuitableModelError extends PlateauError {}

export interface CheckedModel {
  readonly sent: SentFile;
  /** Of what is sent. */
  readonly sha256: string;
  readonly card: Card | null;
  /** What would be measured of it, in words. */
  readonly summary: string;
  /** Why it does not run here, on a few made-up tokens; null where it does. What the board says of it counts. */
  readonly problem: string | null;
}

/**
 * @param suite what it is to be evaluated with; null for an upload alone.
 * @throws UnsuitableModelError, and what opening, trying out and card files throw.
 */
export async function checkModel(path: string, suite: PublishedSuite | null): Promise<CheckedModel> {
  const file = await ModelFile.open(path);
  try {
    const sent = SentFile.of(file);
    if (sent.bytes > LARGEST_MODEL) {
      throw new UnsuitableModelError(
        `The model has ${byteText(sent.bytes)}, and a board takes at most ${byteText(LARGEST_MODEL)}; evaluate it here ` +
          "('plateau evaluate').",
      );
    }
    if (suite) assertLooksUp(file.graph, suite);
    const card = await readCard(path);
    const sha256 = await sent.sha256();
    const { runtime } = await startRuntime("cpu", 1);
    const tried = await trialRun(file.graph, runtime).catch((error: unknown) => {
      if (error instanceof PlateauError) return error;
      throw error;
    });
    await file.assertUnchanged();
    const checked = { sent, sha256, card };
    if (tried instanceof PlateauError) {
      return { ...checked, summary: byteText(sent.bytes), problem: tried.message };
    }
    return { ...checked, summary: summaryOf(sent.bytes, tried), problem: null };
  } finally {
    await file.close();
  }
}

function summaryOf(bytes: number, { subject, participation }: Trial): string {
  const count = (modes: readonly string[]) =>
    subject.parameters.reduce(
      (sum, { index, count }) => sum + (modes.includes(participation[index]!.mode) ? count : 0),
      0,
    );
  const parts = [
    [count(["example", "shared"]), "moved"],
    [count(["exact"]), "taken exactly"],
    [count(["none"]), "left out"],
  ] as const;
  const ways = parts
    .filter(([parameters]) => parameters > 0)
    .map(([parameters, how]) => `${grouped(parameters)} ${how}`);
  return `${byteText(bytes)}, ${grouped(count(["example", "shared", "exact", "none"]))} parameters: ${ways.join(", ")}`;
}
