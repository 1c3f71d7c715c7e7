/** Writes corpus examples as JSON lines, as parse.ts reads them. */
import type { Example } from "./corpus.ts";

/** One line, without the line break. */
export function corpusLine({ inputIds, labels, attentionMask, tokenTypeIds, group }: Example): string {
  return JSON.stringify({
    input_ids: inputIds,
    labels,
    ...(attentionMask && { attention_mask: attentionMask }),
    ...(tokenTypeIds && { token_type_ids: tokenTypeIds }),
    ...(group !== undefined && { group }),
  });
}
