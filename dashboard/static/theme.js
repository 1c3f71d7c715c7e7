// Before the first paint, so that no page flashes in the other theme. Kept by src/shell/theme.svelte.ts.
try {
  const theme = localStorage.getItem("plateau-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}
