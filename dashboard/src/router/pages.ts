/** The pages there are. Each is loaded when it is gone to. */
import type { Component } from "svelte";
import type { PageName, PathParameters } from "./paths.ts";

type Page<Name extends PageName> = keyof PathParameters<Name> extends never
  ? Component<Record<string, never>>
  : Component<{ parameters: PathParameters<Name> }>;

/** One line a page; its component gets what its path says as `parameters`, if anything, and reads `router.query` by itself. */
export const PAGES: { readonly [Name in PageName]?: () => Promise<{ default: Page<Name> }> } = {
  boards: () => import("../pages/boards/BoardsPage.svelte"),
  board: () => import("../pages/board/BoardPage.svelte"),
  submit: () => import("../pages/submit/SubmitPage.svelte"),
  evaluate: () => import("../pages/evaluate/EvaluatePage.svelte"),
  about: () => import("../pages/about/AboutPage.svelte"),
  compare: () => import("../pages/compare/ComparePage.svelte"),
  checkpoint: () => import("../pages/checkpoint/CheckpointPage.svelte"),
  account: () => import("../pages/account/AccountPage.svelte"),
  admin: () => import("../pages/admin/AdminPage.svelte"),
};

/** What the head of every page leads to, in order: pages without parameters. */
export const NAVIGATION: readonly {
  readonly page: "boards" | "submit" | "evaluate" | "about";
  readonly label: string;
  /** Pages that it leads to, and that have no place of their own in the head. */
  readonly below: readonly PageName[];
}[] = [
  { page: "boards", label: "Boards", below: ["board", "checkpoint", "compare"] },
  { page: "submit", label: "Submit", below: [] },
  { page: "evaluate", label: "Evaluate here", below: [] },
  { page: "about", label: "About", below: [] },
];
