import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Sha256 } from "./sha256.ts";

const hashed = (...pieces: readonly Uint8Array[]) => {
  const hash = new Sha256();
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
};
const text = (letters: string) => new TextEncoder().encode(letters);

// FIPS 180-2, appendix B.
test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("the digest of %j", (letters, digest) => {
  expect(hashed(text(letters))).toBe(digest);
});

test("every length, in pieces of every length, as others hash it", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + (i >> 3)) & 255);
  for (let length = 0; length < bytes.length; length++) {
    const whole = bytes.subarray(0, length);
    const expected = createHash("sha256").update(whole).digest("hex");
    const size = 1 + (length % 97);
    const pieces = Array.from({ length: Math.ceil(length / size) }, (_, i) =>
      whole.subarray(i * size, (i + 1) * size),
    );
    expect(hashed(...pieces), `${length} bytes in pieces of ${size}`).toBe(expected);
  }
});

test("a long one", () => {
  const block = new Uint8Array(2 ** 20).fill(7);
  const pieces = Array<Uint8Array>(40).fill(block);
  const expected = createHash("sha256");
  for (const piece of pieces) expected.update(piece);
  expect(hashed(...pieces)).toBe(expected.digest("hex"));
});
