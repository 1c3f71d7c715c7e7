/** What went wrong, for people: what happened, and a way on. */
import { AnswerError, ProblemError, UnreachableError } from "../../../shared/api/client/errors.ts";

export interface Trouble {
  readonly title: string;
  readonly detail: string;
  /** Whether the same may go well another time. */
  readonly again: boolean;
}

/** @param online what the browser thinks of its connection. */
export function troubleOf(error: unknown, online: boolean): Trouble {
  if (error instanceof UnreachableError) {
    return online
      ? {
          title: "The board does not answer",
          detail: "It may be starting or have stopped. What you see stays, and nothing you typed is lost.",
          again: true,
        }
      : {
          title: "You are offline",
          detail: "What you see stays. The dashboard goes on by itself when the connection is back.",
          again: true,
        };
  }
  if (error instanceof ProblemError) {
    const { status, detail } = error.problem;
    if (status === 404) return { title: "There is no such thing here", detail, again: false };
    if (status === 401 || status === 403) return { title: "Not with this token", detail, again: false };
    if (status === 429) return { title: "The board is busy", detail, again: true };
    return { title: status < 500 ? "The board refused" : "The board failed", detail, again: status >= 500 };
  }
  if (error instanceof AnswerError) {
    return {
      title: "The board speaks another version",
      detail: `${error.message} Loading the page again may bring the right one.`,
      again: true,
    };
  }
  return {
    title: "Something broke",
    detail: error instanceof Error ? error.message : String(error),
    again: true,
  };
}
