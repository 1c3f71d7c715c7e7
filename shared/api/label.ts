/** Names that a board shows: of checkpoints, runs, families and tokens. */
import { z } from "zod";

/**
 * What makes two different names look alike, or turns the text around them: control characters, line and paragraph
 * separators, lone surrogates, marks of text direction, the byte order mark.
 */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/u;
const LONGEST = 200;

/** One line of visible text, without blanks around it, in Unicode's composed form (NFC). */
export const labelSchema = z
  .string()
  .superRefine((text, context) => {
    const found = FORBIDDEN.exec(text);
    if (!found) return;
    const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    context.addIssue({
      code: "custom",
      message: `holds U+${code} at position ${found.index}, a control character; leave it out`,
    });
  })
  .transform((text) => text.normalize("NFC").trim())
  .pipe(z.string().min(1, "is empty; give it a name").max(LONGEST));

/** The form in which names are searched: without regard to case, width or ligatures (NFKC). */
export function foldedLabel(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
