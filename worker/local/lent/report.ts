/** What a worker tells of its work: lines for people on stderr, and lines of JSON on stdout where they are wanted. */
import type { Work } from "../../../shared/api/work.ts";
import { describeFailure } from "../failure.ts";
import { byteText, duration, percent } from "../numbers.ts";
import type { Progress } from "../progress.ts";
import { print } from "../terminal.ts";
import type { Given, Ran } from "./shard-run.ts";

export class WorkerReport {
  readonly #progress: Progress;
  readonly #json: boolean;
  readonly #begun = performance.now();
  #accepted = 0;
  #others = 0;
  /** Of shards that were accepted. */
  #seconds = 0;
  #waiting = false;

  constructor(progress: Progress, json: boolean) {
    this.#progress = progress;
    this.#json = json;
  }

  note(line: string): void {
    this.#progress.note(line);
  }

  claim({ checkpoint, shard, progress, evaluation }: Work): void {
    this.#waiting = false;
    if (this.#json) print(JSON.stringify({ event: "claimed", evaluation, shard: shard.id }));
    this.#progress.update(checkpoint.name, stateOf(shard.id, progress.share), null);
  }

  download({ checkpoint, model }: Work, received: number): void {
    this.#progress.update(
      checkpoint.name,
      stateOf(`downloading ${byteText(model.bytes)}`, received / model.bytes),
      null,
    );
  }

  end({ checkpoint, shard, progress, evaluation }: Work, ran: Ran, given: Given): void {
    const seconds = ran.kind === "done" ? ran.seconds : null;
    if (given.kind === "accepted") {
      this.#accepted++;
      this.#seconds += seconds ?? 0;
    } else this.#others++;
    if (this.#json) {
      const { kind: outcome, reason = null } = { reason: null, ...given };
      print(JSON.stringify({ event: "ended", evaluation, shard: shard.id, seconds, outcome, reason }));
    }
    this.#progress.note(`${checkpoint.name}: ${shard.id}${words(ran, given)}, ${shareText(progress)}`);
  }

  pause(error: Error, seconds: number): void {
    this.#progress.note(`${describeFailure(error)} Trying again in ${duration(seconds)}.`);
  }

  idle(): void {
    if (!this.#waiting) this.#progress.note("nothing to do at the moment; waiting");
    this.#waiting = true;
  }

  stopping(again: boolean): void {
    this.#progress.note(
      again
        ? "stopped at once; the board gives the shard to others when its lease runs out"
        : "stopping after this shard, or giving it back where it takes longer; once more stops at once",
    );
  }

  summary(): void {
    this.#progress.clear();
    const elapsed = (performance.now() - this.#begun) / 1000;
    if (this.#accepted + this.#others === 0) return;
    const others = this.#others > 0 ? `, ${this.#others} came to nothing` : "";
    this.#progress.note(
      `${this.#accepted} shards in ${duration(elapsed)} (${duration(this.#seconds)} of work, ` +
        `${percent(Math.min(1, this.#seconds / elapsed))} of the time)${others}`,
    );
  }
}

function stateOf(stage: string, fraction: number) {
  return { stage, fraction, rate: null, secondsLeft: null };
}

function words(ran: Ran, given: Given): string {
  if (given.kind === "lost") return ": the board has given it to others meanwhile";
  if (given.kind === "given back") {
    const end = given.outcome === "failed" ? ", and the evaluation failed" : "";
    return `: given back${end}: ${given.reason}`.replace(/\.$/, "");
  }
  return ran.kind === "done" ? ` in ${ran.seconds.toFixed(1)} s` : "";
}

/** As it was when the shard was given out. */
function shareText({ share, shards }: Work["progress"]): string {
  return `${shards.done + 1} of ${shards.total} shards, ${Math.round(100 * share)} %`;
}
