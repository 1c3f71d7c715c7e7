/** A submission: what was chosen and typed, and how far it is. It goes on while the visitor looks at other pages. */
import type { Checkpoint, CheckpointChanges, ShownCard } from "../../../../shared/api/checkpoints.ts";
import { changeCheckpoint } from "../../../../shared/api/client/checkpoints.ts";
import type { Connection } from "../../../../shared/api/client/connection.ts";
import { askForEvaluation } from "../../../../shared/api/client/evaluations.ts";
import { patiently } from "../../../../shared/api/client/patience.ts";
import type { Evaluation, EvaluationEvent } from "../../../../shared/api/evaluations.ts";
import { pause } from "../../api/pause.ts";
import { Inspector } from "../../engine/inspector.svelte.ts";
import { cardChanges, prefilled, type CardForm } from "./card-form.ts";
import { EMPTY_FORM, readForm, writeForm, type KeptForm } from "./kept-form.ts";
import { sendFile, type UploadState } from "./send-file.ts";

const KEY = "plateau-submission";
/** Milliseconds for which a board keeps an upload that is not complete. */
const KEPT = 24 * 3_600_000;

export type Phase = "filling" | "uploading" | "asking" | "evaluating" | "done";

class Submission {
  form = $state.raw<KeptForm>(kept());
  inspector = $state.raw<Inspector | null>(null);
  /** What of the chosen files was not taken, in words. */
  faults = $state.raw<readonly string[]>([]);
  phase = $state<Phase>("filling");
  /** Of the file that is chosen; null before anything of it was sent. */
  upload = $state.raw<UploadState | null>(null);
  /** Whether the board does not answer at this moment. */
  broken = $state(false);
  /** What stopped it; null while nothing has. */
  error = $state.raw<unknown>(null);
  checkpoint = $state.raw<Checkpoint | null>(null);
  /** What the form says and the checkpoint, which the board had before, does not; null where they agree. */
  differs = $state.raw<CheckpointChanges | null>(null);
  /** What it is to be evaluated with; null for an upload alone. */
  suite = $state<string | null>(null);
  /** Null where none was asked for, or none is needed. */
  evaluation = $state.raw<Evaluation | null>(null);
  /** How the evaluation ended; null before that. */
  ended = $state.raw<EvaluationEvent | null>(null);
  #stop = new AbortController();

  change(changes: Partial<KeptForm>): void {
    this.form = { ...this.form, ...changes };
    const text = writeForm(this.form);
    try {
      // What this tab has comes first; what any tab had last is there for one that is opened anew.
      sessionStorage.setItem(KEY, text);
      localStorage.setItem(KEY, text);
    } catch {
      // Storage is full or switched off: it lasts as long as the page.
    }
  }

  changeCard(card: CardForm): void {
    this.change({ card });
  }

  chooseModel(file: File, card: ShownCard | null): void {
    this.inspector?.stop();
    this.inspector = new Inspector(file);
    this.forgetAttempt();
    this.changeCard(prefilled(this.form.card, file.name, card));
  }

  chooseCard(card: ShownCard): void {
    this.changeCard(prefilled(this.form.card, this.inspector?.file.name ?? null, card));
  }

  /** With another file or token it is another upload. */
  forgetAttempt(): void {
    this.error = null;
    this.upload = null;
  }

  /** An upload that broke off and can go on with the same file; null where there is none. */
  get interrupted(): KeptForm["begun"] {
    const { begun } = this.form;
    return begun && Date.now() - begun.at < KEPT ? begun : null;
  }

  /** @param suite to evaluate with; null for an upload alone. */
  async submit(connection: Connection, card: ShownCard, suite: string | null): Promise<void> {
    const { file, sha256 } = this.inspector!;
    const { signal } = (this.#stop = new AbortController());
    this.error = this.checkpoint = this.differs = this.evaluation = this.ended = null;
    this.suite = suite;
    this.phase = "uploading";
    addEventListener("beforeunload", keepPage);
    try {
      await this.#send(connection, file, sha256!, card, signal);
    } catch (error) {
      this.phase = "filling";
      if (!signal.aborted) this.error = error;
    }
    removeEventListener("beforeunload", keepPage);
    this.broken = false;
    if (this.checkpoint === null) return;
    this.phase = "asking";
    await this.ask(connection).catch((error: unknown) => {
      this.phase = "done";
      if (!signal.aborted) this.error = error;
    });
  }

  /** Asks for the evaluation of what is there. @throws what requests throw. */
  async ask(connection: Connection): Promise<void> {
    const { checkpoint, suite } = this;
    if (suite !== null) {
      this.evaluation = await patiently(() => askForEvaluation(connection, checkpoint!, suite), {
        wait: (seconds) => pause(seconds, this.#stop.signal),
        onPause: () => (this.broken = true),
      });
    }
    this.error = null;
    this.broken = false;
    this.phase = this.evaluation ? "evaluating" : "done";
  }

  /** @throws what requests throw. */
  async makeAgree(connection: Connection): Promise<void> {
    this.checkpoint = await changeCheckpoint(connection, this.checkpoint!.id, this.differs!);
    this.differs = null;
  }

  end(event: EvaluationEvent): void {
    this.ended = event;
    this.phase = "done";
  }

  /** An evaluation that failed goes on. */
  followAgain(evaluation: Evaluation): void {
    this.evaluation = evaluation;
    this.ended = null;
    this.phase = "evaluating";
  }

  /** What was sent stays on the board for a day. */
  stop(): void {
    this.#stop.abort(new Error("stopped"));
  }

  /** For the next model. */
  another(): void {
    this.inspector?.stop();
    this.inspector = null;
    this.faults = [];
    this.forgetAttempt();
    this.phase = "filling";
    this.change({ sent: null });
  }

  async #send(
    connection: Connection,
    file: File,
    sha256: string,
    card: ShownCard,
    signal: AbortSignal,
  ): Promise<void> {
    const { visibility, suite, evaluate } = this.form;
    this.upload = null;
    const about = { card, visibility, sha256 };
    const { checkpoint, known } = await sendFile(connection, file, about, {
      signal,
      onState: (state) => {
        if (this.upload === null) {
          this.change({ begun: { name: file.name, bytes: file.size, at: Date.now() } });
        }
        this.broken = false;
        this.upload = state;
      },
      onPause: () => (this.broken = true),
    });
    const wanted = cardChanges(checkpoint.card, card);
    const changes = {
      ...(wanted && { card: wanted }),
      ...(checkpoint.visibility !== visibility && { visibility }),
    };
    if (Object.keys(changes).length === 0) this.checkpoint = checkpoint;
    else if (known) [this.checkpoint, this.differs] = [checkpoint, changes];
    // An upload that went on has the card that it began with.
    else this.checkpoint = await changeCheckpoint(connection, checkpoint.id, changes, { signal });
    const sent = { id: checkpoint.id, name: this.checkpoint.name, suite: this.suite };
    this.change({ ...EMPTY_FORM, visibility, suite, evaluate, sent });
  }
}

export const submission = new Submission();

function kept(): KeptForm {
  try {
    return readForm(sessionStorage.getItem(KEY)) ?? readForm(localStorage.getItem(KEY)) ?? EMPTY_FORM;
  } catch {
    return EMPTY_FORM;
  }
}

/** The browser asks before the page goes. */
function keepPage(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
