/** The text of a token: `plateau_ID_SECRET`. The id finds its row; the secret is 256 random bits. */
import { hex, randomHex, sha256 } from "../random.ts";

const TOKEN = /^plateau_([0-9a-f]{16})_[0-9a-f]{64}$/;

export interface NewSecret {
  readonly id: string;
  readonly token: string;
  /** What is stored: SHA-256 of the token. */
  readonly hash: string;
}

export async function newSecret(): Promise<NewSecret> {
  const id = randomHex(8);
  const token = `plateau_${id}_${randomHex(32)}`;
  return { id, token, hash: hex(await sha256(token)) };
}

/** Null where the text is no token of this kind. */
export function idOfToken(token: string): string | null {
  return TOKEN.exec(token)?.[1] ?? null;
}

/** Whether the token has this hash, in a time that does not depend on where they differ. */
export async function tokenHasHash(token: string, hash: string): Promise<boolean> {
  return equalInConstantTime(hex(await sha256(token)), hash);
}

/** Whether two texts are the same: their hashes are compared, so that not even their lengths show. */
export async function sameText(a: string, b: string): Promise<boolean> {
  return equalInConstantTime(hex(await sha256(a)), hex(await sha256(b)));
}

function equalInConstantTime(a: string, b: string): boolean {
  const encode = (text: string) => new TextEncoder().encode(text);
  return a.length === b.length && crypto.subtle.timingSafeEqual(encode(a), encode(b));
}
