/** Keeps a lease while its shard is worked on. */
import type { Connection } from "../../../shared/api/client/connection.ts";
import { ProblemError } from "../../../shared/api/client/errors.ts";
import { heartbeat } from "../../../shared/api/client/work.ts";

/** Of the time that a lease holds: two may be lost before it does. */
const SHARE = 1 / 3;
/** Seconds after which one is tried again that did not get through. */
const AGAIN = 5;

/**
 * @param onRefused the board refuses: the lease is lost, or the token is worth nothing any more. Called once. A board that
 * does not answer may come back; whether the lease still held shows then.
 * @returns what ends it.
 */
export function keepLease(
  connection: Connection,
  { lease, leaseSeconds }: { readonly lease: string; readonly leaseSeconds: number },
  onRefused: (error: ProblemError) => void,
): () => void {
  const ended = new AbortController();
  let timer: NodeJS.Timeout;
  const later = (seconds: number) => {
    if (ended.signal.aborted) return;
    timer = setTimeout(() => void beat(), 1000 * seconds);
  };
  const beat = async () => {
    try {
      later(SHARE * (await heartbeat(connection, lease, { signal: ended.signal })));
    } catch (error) {
      if (ended.signal.aborted) return;
      if (error instanceof ProblemError && error.problem.status < 500 && error.problem.status !== 429) {
        ended.abort();
        onRefused(error);
      } else later(Math.min(AGAIN, SHARE * leaseSeconds));
    }
  };
  later(SHARE * leaseSeconds);
  return () => {
    clearTimeout(timer);
    ended.abort();
  };
}
