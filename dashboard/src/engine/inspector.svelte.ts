/** A model file that is being looked at, and what was found so far. */
import type { Contents, Cost, Movement } from "./inspection.ts";
import type { FromInspector, Step, ToInspector } from "./inspect-worker.ts";
import type { Failure } from "./messages.ts";

export class Inspector {
  readonly file: File;
  contents = $state.raw<Contents | null>(null);
  sha256 = $state<string | null>(null);
  movement = $state.raw<Movement | null>(null);
  /** By suite. */
  costs = $state.raw<ReadonlyMap<string, Cost>>(new Map());
  failures = $state.raw<Readonly<Partial<Record<Step, Failure>>>>({});
  #worker: Worker | null = null;

  constructor(file: File) {
    this.file = file;
    this.#worker = this.#start();
  }

  /** Whether it is a model; null while that is being found out. */
  get isModel(): boolean | null {
    return this.contents !== null ? true : this.failures.contents ? false : null;
  }

  /** What it takes to evaluate it with a suite will be in `costs`. @param text the suite's file. */
  askCost(id: string, text: string): void {
    if (!this.costs.has(id)) this.#ask({ kind: "cost", id, text });
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** Gives its memory back once all is known of the model; it looks at it again where something else is asked. */
  rest(): void {
    if (this.movement ?? this.failures.movement) this.stop();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./inspect-worker.ts", import.meta.url), {
      type: "module",
      name: "inspector",
    });
    worker.onmessage = ({ data }: MessageEvent<FromInspector>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const message = event.message || "What looks at models could not be loaded; load the page again.";
      const of = this.contents === null ? "contents" : this.sha256 === null ? "hash" : "movement";
      this.failures = { ...this.failures, [of]: { message, told: !event.message } };
    };
    worker.postMessage({ kind: "inspect", file: this.file } satisfies ToInspector);
    return worker;
  }

  #ask(message: ToInspector): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #take(message: FromInspector): void {
    switch (message.kind) {
      case "contents":
        this.contents = message.contents;
        return;
      case "hash":
        this.sha256 = message.sha256;
        return;
      case "movement":
        this.movement = message.movement;
        return;
      case "cost":
        this.costs = new Map(this.costs).set(message.id, message.cost);
        return;
      case "failure":
        this.failures = { ...this.failures, [message.of]: message.failure };
    }
  }
}
