/** Progress on stderr: one line that is rewritten on a terminal, a line now and then elsewhere, or nothing. */
import { duration, short } from "./numbers.ts";
import type { ProgressState } from "../../shared/evaluate/progress-plan.ts";
import { printable } from "./terminal.ts";

export interface Progress {
  /** A line that stays. */
  note(line: string): void;
  /** Where the work is; `prefix` says which model. */
  update(prefix: string, state: ProgressState, secondsLeftOfAll: number | null): void;
  /** Takes the unfinished line away, before something else is written. */
  clear(): void;
}

/** Seconds between lines where no line can be rewritten. */
const LOG_INTERVAL = 15;
const REDRAW_INTERVAL = 0.1;

/** The progress that suits `stream`. */
export function createProgress(stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (quiet) return { note() {}, update() {}, clear() {} };
  return stream.isTTY ? new ProgressLine(stream) : new ProgressLog(stream);
}

/** The stage comes last: where the line is too short, it is what can be missed. */
function describe(prefix: string, state: ProgressState, secondsLeftOfAll: number | null): string {
  const { stage, fraction, rate, secondsLeft } = state;
  const parts = [prefix, `${Math.floor(100 * Math.min(0.99, fraction))} %`];
  if (rate !== null) parts.push(`${short(rate)} passes/s`);
  if (secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
  if (secondsLeftOfAll !== null) parts.push(`all ${duration(secondsLeftOfAll)}`);
  return [...parts, stage].join("  ");
}

class ProgressLine implements Progress {
  private readonly stream: NodeJS.WriteStream;
  private drawn = -Infinity;
  private visible = false;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  note(line: string): void {
    this.clear();
    this.stream.write(`${printable(line)}\n`);
  }

  update(prefix: string, state: ProgressState, secondsLeftOfAll: number | null): void {
    const now = performance.now() / 1000;
    if (now - this.drawn < REDRAW_INTERVAL) return;
    this.drawn = now;
    const line = printable(describe(prefix, state, secondsLeftOfAll));
    // A line that wraps could not be taken back.
    this.stream.write(`\r\x1b[K${line.slice(0, (this.stream.columns || 80) - 1)}`);
    this.visible = true;
  }

  clear(): void {
    if (this.visible) this.stream.write("\r\x1b[K");
    this.visible = false;
    this.drawn = -Infinity;
  }
}

class ProgressLog implements Progress {
  private readonly stream: NodeJS.WriteStream;
  private written = performance.now() / 1000;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  note(line: string): void {
    this.stream.write(`${printable(line)}\n`);
  }

  update(prefix: string, state: ProgressState, secondsLeftOfAll: number | null): void {
    const now = performance.now() / 1000;
    if (now - this.written < LOG_INTERVAL) return;
    this.written = now;
    this.note(describe(prefix, state, secondsLeftOfAll));
  }

  clear(): void {}
}
