/** Threads of the engine: one where the browser shares no memory between threads, as on pages that are not isolated. */
export function usableThreads(isolated: boolean, cores: number): number {
  return isolated ? Math.max(1, Math.min(8, cores)) : 1;
}
