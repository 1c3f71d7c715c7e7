/** Whether a token counts, in words. */
import type { Token } from "../../../shared/api/tokens.ts";

/** @param now milliseconds. */
export function tokenState(
  { revokedAt, expiresAt }: Pick<Token, "revokedAt" | "expiresAt">,
  now: number,
): { readonly counts: boolean; readonly text: string } {
  if (revokedAt !== null) return { counts: false, text: `revoked on ${revokedAt.slice(0, 10)}` };
  const past = Date.parse(expiresAt) <= now;
  return { counts: !past, text: `${past ? "expired on" : "until"} ${expiresAt.slice(0, 10)}` };
}
