import type { BoardRow } from "../../../../shared/api/boards.ts";
import type { Mark } from "../../board/marks.ts";

/** A checkpoint that is compared, and how it is drawn. */
export interface Member {
  readonly row: BoardRow;
  /** Its name, told apart from others that are alike. */
  readonly name: string;
  readonly mark: Mark;
}
