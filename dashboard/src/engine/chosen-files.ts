/** Files that were dropped or chosen: a model, and perhaps its card beside it. */
import { shownCardSchema, type ShownCard } from "../../../shared/api/checkpoints.ts";

export interface ChosenFiles {
  /** Null where none of them is a model. */
  readonly model: File | null;
  /** Null where none of them is a card that can be used. */
  readonly card: ShownCard | null;
  /** What was not taken, and why, in words. */
  readonly faults: readonly string[];
}

/** Characters of a card file beyond which it is none. */
const LONGEST_CARD = 1_000_000;

export async function chosenFiles(files: readonly File[]): Promise<ChosenFiles> {
  const faults: string[] = [];
  const models = files.filter(({ name }) => /\.(onnx|tar)$/i.test(name));
  const cards = files.filter(({ name }) => /\.json$/i.test(name));
  for (const file of files) {
    if (models.includes(file) || cards.includes(file)) continue;
    faults.push(`${file.name} is no .onnx file. ${adviceFor(file.name)}`);
  }
  if (models.length > 1) {
    faults.push(`Of ${models.length} models only ${models[0]!.name} is taken; one goes at a time.`);
  }
  const [file] = cards;
  if (!file) return { model: models[0] ?? null, card: null, faults };
  const read = await readCard(file);
  if (typeof read === "string") faults.push(read);
  return { model: models[0] ?? null, card: typeof read === "string" ? null : read, faults };
}

/** The card, or what is wrong with it. */
async function readCard(file: File): Promise<ShownCard | string> {
  if (file.size > LONGEST_CARD) return `${file.name} is too large to be a card, and is left out.`;
  let json: unknown;
  try {
    json = JSON.parse(await file.text());
  } catch {
    return `${file.name} is not JSON, and is left out; a card is one JSON object.`;
  }
  const card = shownCardSchema.safeParse(json);
  if (card.success) return card.data;
  const { path, message } = card.error.issues[0]!;
  return `${file.name} is no card, and is left out: ${path.length > 0 ? `${path.join(".")}: ` : ""}${message}.`;
}

function adviceFor(name: string): string {
  if (/\.(pt|pth|bin|ckpt|safetensors)$/i.test(name)) {
    return "Export it: python models/export.py CHECKPOINT --output model.onnx, or torch.onnx.export.";
  }
  return /\.(onnx[._-]data|data)$/i.test(name)
    ? "Weights come in one file with their model: tar -cf model.tar model.onnx model.onnx.data."
    : "Choose the model as it was exported to ONNX.";
}
