/** A runtime that asks whether to go on before its sessions run, and in between. */
import type { Runtime } from "../runtime.ts";

export interface Hooked {
  readonly runtime: Runtime;
  /** What the hook has thrown: whatever came out of the work since is worth nothing. */
  readonly stopped: () => { readonly error: unknown } | null;
}

/**
 * Once `beforeRun` has thrown, nothing runs any more: engines try things out, and a failure that is not the model's must
 * not be taken for one.
 *
 * @param every how many runs a call is for, where they are short.
 */
export function withHook(runtime: Runtime, beforeRun: () => void | Promise<void>, every = 1): Hooked {
  let runs = 0;
  let stopped: { readonly error: unknown } | null = null;
  const ask = async () => {
    if (stopped) throw stopped.error;
    try {
      await beforeRun();
    } catch (error) {
      stopped = { error };
      throw error;
    }
  };
  return {
    stopped: () => stopped,
    runtime: {
      ...runtime,
      pause: ask,
      async createSession(model, options) {
        await ask();
        const session = await runtime.createSession(model, options);
        return {
          async run(feeds) {
            if (stopped || runs++ % every === 0) await ask();
            return session.run(feeds);
          },
          dispose: () => session.dispose(),
        };
      },
    },
  };
}
