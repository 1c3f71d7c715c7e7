/** Milliseconds after which a message is taken for lost, where nothing came of it. */
export const PATIENCE = 60_000;
/** Queues may be long: the pause doubles with every message sent in vain, this often at most. */
const DOUBLINGS = 6;

/** Whether the last message for a row of `evaluations` or `shards` was lost, in SQL. @param now a parameter. */
export function isStale(table: string, now: string): string {
  return `${table}.sent_at + (${PATIENCE} << min(${table}.resent, ${DOUBLINGS})) <= ${now}`;
}
