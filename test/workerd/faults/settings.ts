/** What a test asks of the faults, and what it is told. */

/** `before`: the call is never made. `after`: it is made, and its answer is lost. */
export type FaultMode = "before" | "after";

export interface FaultSettings {
  /** Each kind of call fails once; null: none does. */
  readonly mode?: FaultMode | null;
  /** Of so many messages one is lost; 0: none. */
  readonly lose?: number;
  /** Every message is sent twice. */
  readonly repeat?: boolean;
  /** Milliseconds that the clock is ahead. */
  readonly ahead?: number;
}

/** What happened since the mode was set last. */
export interface FaultReport {
  /** Kinds of calls that were made. */
  readonly seen: readonly string[];
  /** Those of them that failed. */
  readonly failed: readonly string[];
  /** Messages. */
  readonly lost: number;
}

export interface EdgeReport extends FaultReport {
  /** Messages that are being handled. */
  readonly handled: number;
}

/** Settings that are missing stay as they are. */
export interface FaultRequest {
  readonly api?: Omit<FaultSettings, "ahead">;
  readonly edge?: Omit<FaultSettings, "ahead">;
  readonly ahead: number;
}
