import type { BoardRow } from "../../../../shared/api/boards.ts";
import type { Mark } from "../../board/marks.ts";

/** A checkpoint that is compared, and how it is drawn. */
export interface Member {
  readonly row: BoardRow;
  readonly mark: Mark;
}
