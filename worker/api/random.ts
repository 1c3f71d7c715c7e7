/** What cannot be guessed. */

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** Hexadecimal digits of so many random bytes. */
export function randomHex(bytes: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** From 0 to below 1, in steps of 2⁻³². */
export function randomNumber(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}

/** 80 random bits: see checkpointIdSchema. */
export function randomCheckpointId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => BASE32[byte & 31]).join("");
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
