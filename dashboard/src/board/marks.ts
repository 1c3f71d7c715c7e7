/** Colours and shapes of points: each says what the other does, for those who cannot tell all colours apart. */
import { naturalKey } from "./natural-order.ts";
import type { Column } from "./column.ts";

/** A shape of about the same area as the others, around (0, 0), as an SVG path. */
export const SHAPES: readonly string[] = [
  "M4.2 0A4.2 4.2 0 1 1-4.2 0A4.2 4.2 0 1 1 4.2 0Z",
  "M-3.7-3.7H3.7V3.7H-3.7Z",
  "M0-5L4.9 3.6H-4.9Z",
  "M0-5.3L5.3 0L0 5.3L-5.3 0Z",
  "M-1.7-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z",
  "M0 5L4.9-3.6H-4.9Z",
];

/** Of results that the visitor computed here: a star, in the colour of text. */
export const OWN_SHAPE = "M0-6.4L1.7-2 6.2-1.9 2.7 1 3.9 5.4 0 2.8-3.9 5.4-2.7 1-6.2-1.9-1.7-2Z";

export interface Mark {
  /** Of the custom properties --data-1 to --data-8. */
  readonly colour: number;
  /** Position in `SHAPES`. */
  readonly shape: number;
}

const COLOURS = 7;
const NOTHING: Mark = { colour: COLOURS + 1, shape: 0 };

export interface Category {
  /** Null: rows that name none. */
  readonly name: string | null;
  readonly mark: Mark;
  readonly count: number;
}

export interface Marks {
  /** In natural order, those without a name last. */
  readonly categories: readonly Category[];
  /** [rows]: position in `categories`. */
  readonly of: Uint16Array;
  /** Whether some share a mark: there are 42. */
  readonly repeated: boolean;
}

/** Marks by the texts of a column. They are of the whole board, so that filters change no point's colour. */
export function marksOf({ texts }: Column): Marks {
  const counts = new Map<string | null, number>();
  for (const text of texts!) counts.set(text, (counts.get(text) ?? 0) + 1);
  const keyed = [...counts.keys()]
    .filter((name) => name !== null)
    .map((name) => ({ name, key: naturalKey(name) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const names: (string | null)[] = [...keyed.map(({ name }) => name), ...(counts.has(null) ? [null] : [])];
  const position = new Map(names.map((name, i) => [name, i]));
  return {
    categories: names.map((name, i) => ({
      name,
      mark: name === null ? NOTHING : { colour: (i % COLOURS) + 1, shape: i % SHAPES.length },
      count: counts.get(name)!,
    })),
    of: Uint16Array.from(texts!, (text) => position.get(text)!),
    repeated: keyed.length > COLOURS * SHAPES.length,
  };
}
