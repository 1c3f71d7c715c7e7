/** Where the reader is, over the browser's own history. */
import { placeOf, queryText, type Place } from "./paths.ts";

class Router {
  #url = $state.raw(new URL(location.href));
  /** Null where the address is of no page. */
  readonly place: Place | null = $derived(placeOf(this.#url.pathname));
  /** Goes up whenever another page is gone to, not when only the query changes. */
  visits = $state(0);

  get query(): URLSearchParams {
    return this.#url.searchParams;
  }

  /** The whole address, to be copied. */
  get address(): string {
    return this.#url.href;
  }

  /** Goes to another page of the dashboard. */
  go(address: string): void {
    flushHistory();
    history.pushState(null, "", address);
    this.#arrive();
    scrollTo(0, 0);
  }

  /** Keeps the state of a view in the address, without a step in the history. */
  replaceQuery(query: URLSearchParams): void {
    const url = new URL(this.#url);
    url.search = queryText(query);
    if (url.href === this.#url.href) return;
    this.#url = url;
    keepInHistory(url);
  }

  /** Links of the document become steps within the page. Call once. */
  start(): void {
    addEventListener("popstate", () => this.#arrive());
    addEventListener("click", (event) => {
      const address = addressToFollow(event);
      if (address === null) return;
      event.preventDefault();
      this.go(address);
    });
    addEventListener("pagehide", flushHistory);
  }

  #arrive(): void {
    const url = new URL(location.href);
    if (url.pathname !== this.#url.pathname) this.visits++;
    this.#url = url;
  }
}

export const router = new Router();

/** Browsers refuse more than about 100 changes of the history in 30 seconds (Safari) or 200 in 10 (Chromium). */
const HISTORY_INTERVAL = 300;
let pending: URL | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function keepInHistory(url: URL): void {
  pending = url;
  timer ??= setTimeout(flushHistory, HISTORY_INTERVAL);
}

function flushHistory(): void {
  clearTimeout(timer);
  timer = undefined;
  // Another page may have been gone to in between.
  if (pending?.pathname === location.pathname) history.replaceState(history.state, "", pending);
  pending = null;
}

/** The address of a plain click on a link to a page of the dashboard; null for all that the browser does better. */
function addressToFollow(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target !== "" || link.hasAttribute("download")) return null;
  const url = new URL(link.href, location.href);
  const within = url.origin === location.origin && placeOf(url.pathname) !== null;
  // Jumps within a page, as the skip link's, are the browser's.
  const jump = url.hash !== "" && url.pathname === location.pathname && url.search === location.search;
  return within && !jump ? url.pathname + url.search + url.hash : null;
}
