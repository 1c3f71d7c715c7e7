/** The wish to stop. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Milliseconds in which the same wish may arrive twice: from the terminal, and passed on by what started us. */
const ECHO = 1_000;

/**
 * Aborts with the first signal from now on. A later one ends the process at once, by that signal.
 *
 * @param onSignal told which of the two it is.
 */
export function stopSignal(onSignal: (again: boolean) => void): AbortSignal {
  const stop = new AbortController();
  let first: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (first === undefined) {
        first = performance.now();
        onSignal(false);
        stop.abort();
      } else if (performance.now() - first > ECHO) {
        onSignal(true);
        // Whoever started this must see what ended it.
        process.removeAllListeners(signal);
        process.kill(process.pid, signal);
      }
    });
  }
  return stop.signal;
}
