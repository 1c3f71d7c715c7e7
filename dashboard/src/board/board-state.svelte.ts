/** A board and the view of it that the address tells: what the table, the plot and the loss window share. */
import { router } from "../router/router.svelte.ts";
import type { BoardData } from "./board-data.ts";
import { isScore, type Column } from "./column.ts";
import { filterMask, type Filters } from "./filters.ts";
import { densestWindow, sortedDefined, type LossWindow } from "./loss-window.ts";
import { bestFirst, orderedRows } from "./order.ts";
import { axes } from "./plot-columns.ts";
import { groupSeeds, sortItems, type Item } from "./seed-groups.ts";
import { shownColumns } from "./shown-columns.ts";
import { MOST_SELECTED, readView, writeView, type View } from "./view.ts";

export class BoardState {
  readonly #board: () => BoardData;
  readonly #read = $derived.by(() => readView(router.query));
  readonly view: View = $derived(this.#read.view);

  readonly sortColumn: Column = $derived.by(() => this.#columnOr(this.view.sort, this.board.loss));
  readonly direction = $derived(this.view.order ?? bestFirst(this.sortColumn));
  /** All rows in order. Kept while only filters and the window move, which then take a pass over the rows. */
  readonly #order = $derived.by(() => orderedRows(this.board, this.sortColumn, this.direction));

  // Texts are equal where objects of the same content are not: what follows is not computed anew for nothing.
  readonly #filterKey = $derived(JSON.stringify(this.view.filters));
  /** [rows]: 1 for those that the filters let through, whatever the window. */
  readonly mask = $derived.by(() => filterMask(this.board, JSON.parse(this.#filterKey) as Filters));
  /** Of rows that the filters let through, by rising value. */
  readonly losses = $derived.by(() => {
    const [{ mask }, { numbers }] = [this, this.board.loss];
    const passing = new Float64Array(numbers.length).fill(NaN);
    for (let row = 0; row < numbers.length; row++) if (mask[row] === 1) passing[row] = numbers[row]!;
    return sortedDefined(passing);
  });
  readonly densest = $derived.by(() => densestWindow(this.losses));
  readonly #windowKey = $derived.by(() => {
    const { window } = this.view;
    return JSON.stringify(window === "off" ? null : window === "densest" ? this.densest : window);
  });
  /** Null while it is off. */
  readonly window: LossWindow | null = $derived(JSON.parse(this.#windowKey) as LossWindow | null);

  /** [rows]: 1 for those that are shown: let through by the filters, and within the window. */
  readonly #shown = $derived.by(() => {
    const { mask, window, board } = this;
    if (!window) return mask;
    const losses = board.loss.numbers;
    return mask.map((passes, row) =>
      passes === 1 && losses[row]! >= window.low && losses[row]! <= window.high ? 1 : 0,
    );
  });
  /** Rows to be shown, in order. */
  readonly rows: Int32Array = $derived.by(() => {
    const shown = this.#shown;
    return this.#order.filter((row) => shown[row] === 1);
  });
  /** The same rows in the order of the board, which sorting leaves as it is. */
  readonly within: Int32Array = $derived.by(() => {
    const shown = this.#shown;
    const rows = new Int32Array(shown.length);
    let count = 0;
    for (let row = 0; row < shown.length; row++) if (shown[row] === 1) rows[count++] = row;
    return rows.subarray(0, count);
  });
  readonly #grouped = $derived(this.view.group === "seeds");
  readonly items: ArrayLike<Item> = $derived.by(() => {
    if (!this.#grouped) return this.rows;
    const items = groupSeeds(this.board, this.rows);
    // Text has no mean; groups then stand where their first member does.
    const { numbers, kind } = this.sortColumn;
    return kind === "text" ? items : sortItems(items, numbers, this.direction === "desc");
  });

  // One by one: whoever reads one of them is not told of every change of the view.
  readonly logX = $derived(this.view.log.includes("x"));
  readonly logY = $derived(this.view.log.includes("y"));
  readonly colour = $derived(this.view.colour);
  readonly plotShown = $derived(this.view.plot === "shown");
  readonly #xId = $derived(this.view.x);
  readonly #yId = $derived(this.view.y);
  readonly #axes = $derived.by(() => axes(this.board, { x: this.#xId, y: this.#yId }));
  /** Columns of the plot's axes; null where there is nothing to plot. */
  readonly x: Column | null = $derived(this.#axes?.x ?? null);
  readonly y: Column | null = $derived(this.#axes?.y ?? null);

  readonly #columnsKey = $derived(JSON.stringify(this.view.columns));
  readonly columns: readonly Column[] = $derived.by(() =>
    shownColumns(this.board, JSON.parse(this.#columnsKey) as string[] | null),
  );
  readonly #selectedKey = $derived(this.view.selected.join());
  readonly selected: ReadonlySet<string> = $derived(
    new Set(this.#selectedKey === "" ? [] : this.#selectedKey.split(",")),
  );

  /** The row that is pointed at, in the table or the plot; null for none. */
  pointed = $state<number | null>(null);

  /** What the link asks for in vain. */
  readonly complaints: readonly string[] = $derived.by(() => {
    const { view, board } = this;
    const asked = [view.sort, ...(view.columns ?? []), view.x, view.y];
    const unknown = [...new Set(asked)].filter((id) => id !== null && !board.column(id));
    const gone = view.selected.filter((id) => !board.rowOf.has(id));
    return [
      ...this.#read.complaints,
      ...unknown.map((id) => `${board.suite.id} has no “${id}”.`),
      ...(gone.length > 0 ? [`Not on this board, or not any more: ${gone.join(", ")}.`] : []),
    ];
  });

  /** @param board read when it is needed, so that it may change. */
  constructor(board: () => BoardData) {
    this.#board = board;
  }

  get board(): BoardData {
    return this.#board();
  }

  change(changes: Partial<View>): void {
    router.replaceQuery(writeView({ ...this.view, ...changes }));
  }

  changeFilters(changes: Partial<Filters>): void {
    this.change({ filters: { ...this.view.filters, ...changes } });
  }

  /** By another column best first; by the same one the other way round. */
  sortBy(column: Column): void {
    const again = column === this.sortColumn;
    const order = again ? (this.direction === "asc" ? "desc" : "asc") : bestFirst(column);
    this.change({
      sort: column === this.board.loss ? null : column.id,
      order: order === bestFirst(column) ? null : order,
    });
  }

  /** @returns whether it could: no more can be compared at once than `MOST_SELECTED`. */
  toggle(id: string): boolean {
    const chosen = this.view.selected.filter((each) => this.board.rowOf.has(each));
    if (this.selected.has(id)) this.change({ selected: chosen.filter((each) => each !== id) });
    else if (chosen.length >= MOST_SELECTED) return false;
    else this.change({ selected: [...chosen, id] });
    return true;
  }

  get tierColumn(): Column | null {
    return isScore(this.sortColumn) ? this.sortColumn : null;
  }

  #columnOr(id: string | null, otherwise: Column): Column {
    return (id !== null && this.board.column(id)) || otherwise;
  }
}
