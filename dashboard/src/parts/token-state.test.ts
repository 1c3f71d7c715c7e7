import { expect, test } from "vitest";
import { tokenState } from "./token-state.ts";

const expiresAt = "2026-03-01T00:00:00.000Z";

test("until it expires, unless it was revoked", () => {
  const state = (now: string, revokedAt: string | null = null) =>
    tokenState({ revokedAt, expiresAt }, Date.parse(now));
  expect(state("2026-02-28T23:59:59Z")).toEqual({ counts: true, text: "until 2026-03-01" });
  expect(state("2026-03-01T00:00:00Z")).toEqual({ counts: false, text: "expired on 2026-03-01" });
  expect(state("2026-01-01T00:00:00Z", "2025-12-31T10:00:00Z")).toEqual({
    ...{ counts: false, text: "revoked on 2025-12-31" },
  });
});
