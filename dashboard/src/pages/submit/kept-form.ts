/** What was typed on the page for submitting, and what became of it: kept in this browser until it is submitted. */
import { z } from "zod";
import { EMPTY_CARD, FIELDS, type CardForm } from "./card-form.ts";

export interface KeptForm {
  readonly card: CardForm;
  readonly visibility: "private" | "public";
  /** Null: the first one of the board. */
  readonly suite: string | null;
  readonly evaluate: boolean;
  /** An upload that was begun and is not complete. */
  readonly begun: {
    readonly name: string;
    readonly bytes: number;
    /** Milliseconds. */
    readonly at: number;
  } | null;
  /** The checkpoint that was submitted last, and what it is evaluated with, if anything. */
  readonly sent: { readonly id: string; readonly name: string; readonly suite: string | null } | null;
}

export const EMPTY_FORM: KeptForm = {
  card: EMPTY_CARD,
  visibility: "private",
  suite: null,
  evaluate: true,
  begun: null,
  sent: null,
};

const formSchema: z.ZodType<KeptForm> = z.object({
  card: z.object({
    fields: z.record(z.enum(FIELDS), z.string()),
    typed: z.array(z.enum(FIELDS)),
    further: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    file: z.string().nullable(),
    fromCard: z.boolean(),
  }),
  visibility: z.enum(["private", "public"]),
  suite: z.string().nullable(),
  evaluate: z.boolean(),
  begun: z.object({ name: z.string(), bytes: z.number(), at: z.number() }).nullable(),
  sent: z.object({ id: z.string(), name: z.string(), suite: z.string().nullable() }).nullable(),
});

/** Null where the text is nothing that was kept. */
export function readForm(kept: string | null): KeptForm | null {
  if (kept === null) return null;
  try {
    return formSchema.parse(JSON.parse(kept));
  } catch {
    return null;
  }
}

export const writeForm = (form: KeptForm): string => JSON.stringify(form);
