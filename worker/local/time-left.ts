/** How long the rest of several models will take, judged by the size of their files. */
import { stat } from "node:fs/promises";

export class TimeLeft {
  private readonly sizes: readonly number[];
  private readonly begun = performance.now();
  /** Bytes of models evaluated here and the seconds they took; finished ones of an earlier run tell nothing. */
  private bytes = 0;
  private seconds = 0;
  private started = 0;
  private index = 0;

  private constructor(sizes: readonly number[]) {
    this.sizes = sizes;
  }

  static async of(paths: readonly string[]): Promise<TimeLeft> {
    // External data, where a model has any, is not counted: models of one kind all have it.
    return new TimeLeft(await Promise.all(paths.map(async (path) => (await stat(path)).size)));
  }

  /** Seconds since the command began. */
  get elapsed(): number {
    return (performance.now() - this.begun) / 1000;
  }

  start(index: number): void {
    this.index = index;
    this.started = performance.now();
  }

  finish(index: number): void {
    if (this.started === 0) return;
    this.bytes += this.sizes[index]!;
    this.seconds += (performance.now() - this.started) / 1000;
    this.started = 0;
  }

  /** Seconds left for this model, of which `fraction` is done, and all that follow; null for a single or last one. */
  ofAll(fraction: number): number | null {
    const after = this.sizes.slice(this.index + 1).reduce((sum, size) => sum + size, 0);
    const bytes = this.bytes + fraction * this.sizes[this.index]!;
    if (after === 0 || bytes === 0 || fraction < 0.02) return null;
    const seconds = this.seconds + (performance.now() - this.started) / 1000;
    return (seconds / bytes) * ((1 - fraction) * this.sizes[this.index]! + after);
  }
}
