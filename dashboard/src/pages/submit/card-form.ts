/** The card as it is typed: fields of text, and what a card file had besides. */
import { shownCardSchema, type ShownCard } from "../../../../shared/api/checkpoints.ts";
import type { Card } from "../../../../shared/evaluate/card.ts";

/** Fields that have a place of their own. */
export const FIELDS = ["name", "run", "family", "step", "tokens", "optimiser", "notes"] as const;
export type CardField = (typeof FIELDS)[number];
const NUMBERS: readonly string[] = ["step", "tokens"];

export interface CardForm {
  readonly fields: Readonly<Record<CardField, string>>;
  /** Fields that somebody typed in: what a file says never takes their place. */
  readonly typed: readonly CardField[];
  /** Of a card file, by name. */
  readonly further: Readonly<Record<string, string | number | boolean>>;
  /** Name of the model that the fields were filled for; null before one was chosen. */
  readonly file: string | null;
  /** Whether a card file filled them, or else the model's name. */
  readonly fromCard: boolean;
}

export const EMPTY_CARD: CardForm = {
  fields: { name: "", run: "", family: "", step: "", tokens: "", optimiser: "", notes: "" },
  typed: [],
  further: {},
  file: null,
  fromCard: false,
};

export function typeField(form: CardForm, field: CardField, text: string): CardForm {
  return {
    ...form,
    fields: { ...form.fields, [field]: text },
    typed: [...new Set([...form.typed, field])],
  };
}

/**
 * What a card file, or else the model's name, says; fields that were typed stay. The same model chosen again changes
 * nothing, and a card may come before its model.
 *
 * @param file the model's name; null for a card that came alone.
 */
export function prefilled(form: CardForm, file: string | null, card: ShownCard | null): CardForm {
  const filled = form.file === file || (form.file === null && form.fromCard);
  if (card === null && filled) return { ...form, file };
  const said: Record<string, unknown> = card ?? fromName(file ?? "");
  const fields = FIELDS.map((field) => {
    const value = said[field];
    const text = value === undefined || value === null ? "" : String(value);
    return [field, form.typed.includes(field) ? form.fields[field] : text] as const;
  });
  const further = Object.entries(card ?? {}).filter(
    ([field, value]) =>
      !(FIELDS as readonly string[]).includes(field) && value !== null && value !== undefined,
  );
  return {
    fields: Object.fromEntries(fields) as CardForm["fields"],
    typed: form.typed,
    further: Object.fromEntries(further) as CardForm["further"],
    file,
    fromCard: card !== null,
  };
}

/** `adamw-1-step-2000.onnx` is step 2,000 of the run adamw-1. */
function fromName(file: string): Record<string, unknown> {
  const name = file.replace(/^.*[/\\]/, "").replace(/\.onnx$/i, "");
  const [, run, step] = /^(.*?)[-_. ]*step[-_ =]?(\d{1,12})$/i.exec(name) ?? [];
  return { name, ...(run && { run }), ...(step && { step }) };
}

/** What makes the card that is there this one, null taking a field away; null where they say the same. */
export function cardChanges(there: Card | null, wanted: ShownCard): ShownCard | null {
  const fields = [...new Set([...Object.keys(there ?? {}), ...Object.keys(wanted)])];
  const changed = fields.filter((field) => (there?.[field] ?? null) !== (wanted[field] ?? null));
  if (changed.length === 0) return null;
  return Object.fromEntries(changed.map((field) => [field, wanted[field] ?? null])) as ShownCard;
}

export type CardFaults = Readonly<Partial<Record<CardField | "further", string>>>;

/** The card, and what is wrong with it: by field, in words. */
export function cardOf({ fields, further }: CardForm): {
  readonly card: ShownCard | null;
  readonly faults: CardFaults;
} {
  const faults: Partial<Record<CardField | "further", string>> = {};
  const card: Record<string, unknown> = { ...further };
  for (const field of FIELDS) {
    const text = fields[field].trim();
    if (text === "") continue;
    if (!NUMBERS.includes(field)) card[field] = text;
    else {
      // As people write large numbers.
      const digits = text.replace(/[\s,_']/g, "");
      if (/^\d{1,15}$/.test(digits)) card[field] = Number(digits);
      else faults[field] = "A whole number is expected, such as 2000.";
    }
  }
  const parsed = shownCardSchema.safeParse(card);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const [field] = path;
      const known = FIELDS.find((each) => each === field);
      faults[known ?? "further"] ??= known ? `It ${message}.` : `${String(field ?? "The card")} ${message}.`;
    }
  }
  return { card: parsed.success && Object.keys(faults).length === 0 ? parsed.data : null, faults };
}
