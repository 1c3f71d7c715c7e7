/**
 * What Cloudflare asks on the Workers Paid plan, in dollars, as of November 2026: $5 a month, with what is included, and so
 * much for each million beyond. Messages of up to 64 KB are three operations: written, read, deleted.
 */
export const PRICES = {
  requests: { included: 10e6, perMillion: 0.3 },
  cpuMilliseconds: { included: 30e6, perMillion: 0.02 },
  rowsRead: { included: 25e9, perMillion: 0.001 },
  rowsWritten: { included: 50e6, perMillion: 1 },
  classA: { included: 1e6, perMillion: 4.5 },
  classB: { included: 10e6, perMillion: 0.36 },
  queueOperations: { included: 1e6, perMillion: 0.4 },
} as const;

export type Billed = Record<keyof typeof PRICES, number>;

/** Dollars for so many, were nothing included. */
export function costOf(billed: Billed): number {
  return keys().reduce((sum, key) => sum + (billed[key] / 1e6) * PRICES[key].perMillion, 0);
}

/** How many of such a thing a month are covered by what is included, and what runs out first. */
export function includedIn(billed: Billed): { readonly times: number; readonly first: keyof Billed } {
  const times = keys().map((key) => ({ first: key, times: PRICES[key].included / billed[key] }));
  return times.reduce((least, each) => (each.times < least.times ? each : least));
}

const keys = () => Object.keys(PRICES) as (keyof Billed)[];
