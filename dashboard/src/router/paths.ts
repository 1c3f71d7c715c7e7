/** Addresses of pages, and back. */

export const PATHS = {
  boards: "/",
  board: "/boards/:suite",
  checkpoint: "/checkpoints/:id",
  compare: "/compare",
  submit: "/submit",
  evaluate: "/evaluate",
  about: "/about",
  account: "/account",
  admin: "/admin",
} as const;

export type PageName = keyof typeof PATHS;

type NamesIn<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** What a page's path says, by name: `{ suite: "pcfg-mini@1" }`. */
export type PathParameters<Page extends PageName> = Readonly<Record<NamesIn<(typeof PATHS)[Page]>, string>>;

/** Which page a path means. */
export type Place = { [Page in PageName]: { page: Page; parameters: PathParameters<Page> } }[PageName];

/** The address of a page. @param query such as `sort=name`, without a question mark. */
export function href<Page extends PageName>(
  page: Page,
  parameters: PathParameters<Page>,
  query: URLSearchParams | string = "",
): string {
  const values: Readonly<Record<string, string>> = parameters;
  const path = PATHS[page].replace(/:([a-z]+)/g, (_, name: string) => encoded(values[name]!));
  const search = queryText(query);
  return search === "" ? path : `${path}?${search}`;
}

/** A query as it reads best: what needs no escape in one has none. */
export function queryText(query: URLSearchParams | string): string {
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%40", "@");
}

/** The page at a path; null where there is none. A slash at the end is forgiven. */
export function placeOf(pathname: string): Place | null {
  const parts = pathname.replace(/(.)\/+$/, "$1").split("/");
  for (const [page, path] of Object.entries(PATHS)) {
    const parameters = matched(path.split("/"), parts);
    if (parameters) return { page, parameters } as Place;
  }
  return null;
}

function matched(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const parameters: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const part = parts[i]!;
    if (!expected.startsWith(":")) {
      if (part !== expected) return null;
      continue;
    }
    const value = decoded(part);
    if (value === null || value === "") return null;
    parameters[expected.slice(1)] = value;
  }
  return parameters;
}

/** An @ needs no escape in a path, and suites read better with it. */
const encoded = (text: string) => encodeURIComponent(text).replaceAll("%40", "@");

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
