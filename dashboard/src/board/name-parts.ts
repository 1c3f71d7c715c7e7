/** Names of checkpoints, cut in two: what tells those of a run apart stands at the end, and is never left out. */

/** Characters of a last part. */
const LONGEST = 14;
const USUAL = 10;

/** `adamw-d48-s1-step-8000` as `adamw-d48-s1-` and `step-8000`: its last words, as long as they are short. */
export function nameParts(name: string): readonly [head: string, tail: string] {
  const ends = [
    0,
    ...[...name.matchAll(/[-_./ ]+(?=[^-_./ ])/g)].map(({ index, 0: gap }) => index + gap.length),
  ];
  // A number alone says too little.
  const at = [ends.at(-2), ends.at(-1)].find((end) => end !== undefined && name.length - end <= LONGEST);
  const cut = at ?? Math.max(0, name.length - USUAL);
  return [name.slice(0, cut), name.slice(cut)];
}
