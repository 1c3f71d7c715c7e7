/** Changes of what a checkpoint is called and who may have it. The model never changes. */
import { shownCardSchema, type CheckpointChanges } from "../../../shared/api/checkpoints.ts";
import { foldedLabel } from "../../../shared/api/label.ts";
import { cardSchema } from "../../../shared/evaluate/card.ts";
import { invalidRequest } from "../problems/invalid-request.ts";
import type { ManagedCheckpoint } from "./store.ts";

/** Its rows on boards are changed with it. @throws ApiError 422 where the card would become too large. */
export async function changeCheckpoint(
  database: D1Database,
  { id, name: oldName, card: oldCard }: ManagedCheckpoint,
  { visibility, card: changes }: CheckpointChanges,
): Promise<void> {
  const statements: D1PreparedStatement[] = [];
  if (visibility !== undefined) {
    statements.push(
      database.prepare("UPDATE checkpoints SET visibility = ? WHERE id = ?").bind(visibility, id),
    );
  }
  if (changes !== undefined) {
    const before = oldCard === null ? {} : cardSchema.parse(JSON.parse(oldCard));
    const merged = Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null);
    const card = shownCardSchema.safeParse(Object.fromEntries(merged));
    if (!card.success) throw invalidRequest("json", card.error);
    const { run = null, family = null, step = null } = card.data;
    const name = card.data.name ?? oldName;
    statements.push(
      database
        .prepare("UPDATE checkpoints SET name = ?, run = ?, family = ?, step = ?, card = ? WHERE id = ?")
        .bind(name, run, family, step, JSON.stringify(card.data), id),
      database
        .prepare(
          "UPDATE results SET name = ?, folded_name = ?, run = ?, family = ?, step = ? WHERE checkpoint = ?",
        )
        .bind(name, foldedLabel(name), run, family, step, id),
    );
  }
  await database.batch(statements);
}
