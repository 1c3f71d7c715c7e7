/** The wish to stop. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Milliseconds in which the same wish may arrive twice: from the terminal, and passed on by what started us. */
const ECHO = 1_000;

/** The first signal from now on. Another one later ends the process at once. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        first ??= performance.now();
        if (performance.now() - first > ECHO) process.exit(1);
        resolve(signal);
      });
    }
  });
}
