/** What differs between cards. */
import type { ComparisonOfCheckpoints } from "../../../shared/api/compare.ts";
import type { Card } from "../../../shared/evaluate/card.ts";

type Value = ComparisonOfCheckpoints["cards"][number]["values"][number];

/** Fields in the order in which the cards have them; a field that a card lacks is null there. */
export function cardDifferences(cards: readonly (Card | null)[]): ComparisonOfCheckpoints["cards"] {
  const fields = [...new Set(cards.flatMap((card) => Object.keys(card ?? {})))];
  return fields.flatMap((field) => {
    const values = cards.map((card): Value => {
      const own = card && Object.hasOwn(card, field) ? card[field] : null;
      return own ?? null;
    });
    return values.some((value) => value !== values[0]) ? [{ field, values }] : [];
  });
}
