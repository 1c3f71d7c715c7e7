/** A checkpoint's id, as people give it. */
import { placeOf } from "../../router/paths.ts";

const ID = /^[a-z2-7]{16}$/;

/** @param text an id, or the address of a page of it. Null where it is neither. */
export function checkpointIn(text: string): string | null {
  const typed = text.trim();
  if (ID.test(typed)) return typed;
  if (!URL.canParse(typed, "http://board")) return null;
  const place = placeOf(new URL(typed, "http://board").pathname);
  return place?.page === "checkpoint" && ID.test(place.parameters.id) ? place.parameters.id : null;
}
