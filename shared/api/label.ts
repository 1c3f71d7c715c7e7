/** Names that a board shows: of checkpoints, runs, families and tokens. */
import { z } from "zod";

/** What breaks lines, turns the text around it, or makes two different names look alike; the first that fits names it. */
const FORBIDDEN: readonly (readonly [found: RegExp, what: string])[] = [
  [/\p{Cs}/u, "half of a character (a lone surrogate)"],
  [/\p{Cc}/u, "a control character"],
  [/[\p{Zl}\p{Zp}]/u, "a line break"],
  [/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u, "a mark of text direction"],
  // Joiners and variation selectors have their place in Indic and Persian words and in emoji.
  [
    /(?![\u200C\u200D\uFE00-\uFE0F])[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/u,
    "an invisible character",
  ],
  [/\p{Noncharacter_Code_Point}/u, "no character at all"],
];
/** Letters, digits, signs; the empty pattern of Braille is none that anyone sees. */
const VISIBLE = /(?!\u2800)[\p{L}\p{N}\p{P}\p{S}\p{Co}]/u;
const LONGEST = 200;

/** One line of visible text, without blanks around it, in Unicode's composed form (NFC). */
export const labelSchema = z
  .string()
  .superRefine((text, context) => {
    for (const [pattern, what] of FORBIDDEN) {
      const found = pattern.exec(text);
      if (!found) continue;
      const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
      const message = `holds U+${code} at position ${found.index}, ${what}; leave it out`;
      return context.addIssue({ code: "custom", message });
    }
  })
  .transform((text) => text.normalize("NFC").trim())
  .pipe(
    z
      .string()
      .min(1, "is empty; give it a name")
      .max(LONGEST)
      .regex(VISIBLE, { error: "shows nothing; give it a name that can be seen", abort: true }),
  );

/** The form in which names are searched: without regard to case, width or ligatures (NFKC). */
export function foldedLabel(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
