/** Reads the card beside a model: `NAME.card.json` beside `NAME.onnx`. */
import { access } from "node:fs/promises";
import { z } from "zod";
import { PlateauError } from "../../shared/errors.ts";
import { cardSchema, type Card } from "../../shared/evaluate/card.ts";
import { readBytes } from "./read-input.ts";

/** The card beside the model is not a card. */
export class CardError extends PlateauError {}

const LARGEST_CARD = 2 ** 20;

/** Where the card of a model lies, if it has one. */
export function cardPath(modelPath: string): string {
  return modelPath.replace(/\.onnx$/i, "") + ".card.json";
}

/** The card, or null where there is none. Throws CardError naming the field that is wrong. */
export async function readCard(modelPath: string): Promise<Card | null> {
  const path = cardPath(modelPath);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return null;
  const bytes = await readBytes(path, "card", "a card is a file", LARGEST_CARD);
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new CardError(`The card ${path} is not JSON. Mend it, or move it away.`);
  }
  const parsed = cardSchema.safeParse(record);
  if (parsed.success) return parsed.data;
  throw new CardError(`The card ${path} is not valid: ${oneLine(parsed.error)}. Mend it, or move it away.`);
}

/** What zod found first, as a clause. */
function oneLine({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return `${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`;
}
