/** Light, dark, or as the system has it: kept in this browser. See static/theme.js for the first paint. */
import { createSubscriber } from "svelte/reactivity";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "plateau-theme";
const DARK = matchMedia("(prefers-color-scheme: dark)");

class ThemeState {
  #chosen = $state<Theme>(stored());
  #system = createSubscriber((update) => {
    DARK.addEventListener("change", update);
    return () => DARK.removeEventListener("change", update);
  });

  get chosen(): Theme {
    return this.#chosen;
  }

  /** What is shown. */
  get dark(): boolean {
    if (this.#chosen !== "system") return this.#chosen === "dark";
    this.#system();
    return DARK.matches;
  }

  choose(theme: Theme): void {
    this.#chosen = theme;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    try {
      if (theme === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
  }
}

function stored(): Theme {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
}

export const theme = new ThemeState();
