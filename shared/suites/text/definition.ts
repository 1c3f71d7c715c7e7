/** What the suite of real text is called. Its corpus and tasks are in `text.suite.json`, too large to be code. */
export const TEXT = {
  id: "text@1",
  title: "English text",
  description:
    "Causal models of a modern English Bible (the World English Bible, public domain): byte-level tokens, 64 at a time, " +
    "chapters held out.",
} as const;
