/** The parts of the text that the probe task tells apart. */

/** Books of each part, as documents name them (“I Samuel 3” is chapter 3 of I Samuel). */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  law: ["Genesis", "Exodus", "Leviticus", "Numbers", "Deuteronomy"],
  history: [
    "Joshua",
    "Judges",
    "Ruth",
    "I Samuel",
    "II Samuel",
    "I Kings",
    "II Kings",
    "I Chronicles",
    "II Chronicles",
    "Ezra",
    "Nehemiah",
    "Esther",
  ],
  poetry: ["Job", "Psalms", "Proverbs", "Ecclesiastes", "Song of Solomon"],
  prophets: [
    "Isaiah",
    "Jeremiah",
    "Lamentations",
    "Ezekiel",
    "Daniel",
    "Hosea",
    "Joel",
    "Amos",
    "Obadiah",
    "Jonah",
    "Micah",
    "Nahum",
    "Habakkuk",
    "Zephaniah",
    "Haggai",
    "Zechariah",
    "Malachi",
  ],
  gospels: ["Matthew", "Mark", "Luke", "John", "Acts"],
};

/** The letters and the Revelation. */
const REST = "letters";

export const PART_NAMES: readonly string[] = [...Object.keys(PARTS), REST];

const BOOKS = new Map(
  Object.values(PARTS).flatMap((books, part) => books.map((book) => [book, part] as const)),
);

/** The book that a chapter belongs to. */
export function bookOf(chapter: string): string {
  return chapter.replace(/ \d+$/, "");
}

/** Index into `PART_NAMES` of the part that a chapter belongs to. */
export function partOf(chapter: string): number {
  return BOOKS.get(bookOf(chapter)) ?? PART_NAMES.indexOf(REST);
}
