/** Boards for tests, from a few rows. */
import type { BoardColumns } from "../../../../shared/api/boards.ts";
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import { boardData, type BoardData } from "../board-data.ts";

export interface SampleRow {
  readonly name: string;
  readonly run?: string | null;
  readonly startedFrom?: string;
  readonly family?: string | null;
  readonly step?: number | null;
  readonly parameters?: number;
  readonly owner?: string | null;
  readonly loss?: number | null;
  readonly lossError?: number | null;
  readonly fisher?: number | null;
  readonly accuracy?: number | null;
  readonly tier?: number | null;
}

const SUITE: PublishedSuite = {
  id: "small@1",
  title: "Small",
  description: "For tests.",
  objective: "mlm",
  vocabulary: { size: 8, pad: 0, mask: 1 },
  knownLanguage: false,
  measures: [
    { id: "loss", label: "Loss", description: "The loss.", unit: "nats/token", better: "lower" },
    {
      id: "fisher-trace",
      label: "Fisher trace",
      description: "The trace.",
      unit: "nats/token",
      better: "lower",
    },
  ],
  tasks: [
    {
      id: "parity",
      kind: "probe",
      title: "Parity",
      description: "Even or odd.",
      summary: "4 sentences",
      chance: 0.5,
      items: 4,
    },
  ],
  directions: 2,
  seed: 1,
  probeDimensions: 8,
  examples: 2,
  labelledTokens: 2,
  sha256: "0".repeat(64),
  bytes: 100,
  publishedAt: "2026-11-23T10:00:00.000Z",
  checkpoints: 0,
};

/** Row i has the id that `idOf(i)` gives. */
export function sampleBoard(rows: readonly SampleRow[]): BoardData {
  const errors = rows.map(() => 0.01);
  const none = rows.map(() => null);
  const columns: BoardColumns["columns"] = {
    checkpoint: rows.map((_, i) => idOf(i)),
    name: rows.map(({ name }) => name),
    run: rows.map(({ run }) => run ?? null),
    startedFrom: rows.map(({ startedFrom }) => startedFrom ?? null),
    family: rows.map(({ family }) => family ?? null),
    step: rows.map(({ step }) => step ?? null),
    parameters: rows.map(({ parameters }) => parameters ?? 100),
    origin: rows.map(() => "imported" as const),
    owner: rows.map(({ owner }) => owner ?? null),
    addedAt: rows.map((_, i) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString()),
    measures: {
      loss: {
        value: rows.map(({ loss }) => (loss === undefined ? 1 : loss)),
        standardError: rows.map(({ lossError }) => (lossError === undefined ? 0.01 : lossError)),
        directionError: none,
        tier: rows.map(({ tier }) => tier ?? null),
      },
      "fisher-trace": {
        value: rows.map(({ fisher }) => fisher ?? null),
        standardError: none,
        directionError: errors,
        tier: none,
      },
    },
    tasks: {
      parity: { value: rows.map(({ accuracy }) => accuracy ?? null), standardError: errors, tier: none },
    },
  };
  return boardData(
    { ...SUITE, checkpoints: rows.length },
    { suite: SUITE.id, checkpoints: rows.length, tiers: { upToDate: true, methods: {} }, columns },
  );
}

/** 16 letters, other ones for every row. */
export const idOf = (row: number): string =>
  row
    .toString(26)
    .padStart(16, "0")
    .replace(/./g, (digit) => "abcdefghijklmnopqrstuvwxyz"[parseInt(digit, 26)]!);
