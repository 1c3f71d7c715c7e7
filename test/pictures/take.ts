/**
 * The README's pictures, taken of the seeded board in Chromium:
 *
 *     npm start                                  # in another terminal
 *     node test/pictures/take.ts [ADDRESS]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { boardColumnsSchema } from "../../shared/api/boards.ts";
import { launch } from "../browser/site.ts";

const ADDRESS = process.argv[2] ?? "http://127.0.0.1:8787";
const FOLDER = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
const SUITE = "pcfg-mini@1";
/** Checkpoints of nearly the same loss. */
const [FIRST, ...OTHERS] = [
  "adamw-d48-s1-step-8000",
  "sgd-d48-s1-step-16000",
  "adamw-d64-s1-step-6000",
] as const;
/** Bytes: they come along with every clone. */
const MOST = 150_000;

const answer = await fetch(`${ADDRESS}/api/v1/boards/${SUITE}/columns`);
if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}; start a board with its zoo first.`);
const { columns } = boardColumnsSchema.parse(await answer.json());
const idOf = (name: string) => {
  const id = columns.checkpoint[columns.name.indexOf(name)];
  if (id === undefined) throw new Error(`${SUITE} has no ${name}; start a board with its whole zoo.`);
  return id;
};
const compared = [FIRST, ...OTHERS].map((name) => `checkpoint=${idOf(name)}`).join("&");

const board = (page: Page) => page.locator("section[aria-label=Correlation] tbody tr").last().waitFor();
const heading = (text: string) => (page: Page) => page.getByRole("heading", { name: text }).first().waitFor();

const PICTURES = [
  { file: "board-light", path: `/boards/${SUITE}`, theme: "light", ready: board },
  { file: "board-dark", path: `/boards/${SUITE}?window=off&colour=run`, theme: "dark", ready: board },
  {
    file: "checkpoint",
    path: `/checkpoints/${idOf(FIRST)}`,
    theme: "light",
    ready: heading("Along the run"),
  },
  {
    file: "compare",
    path: `/compare?suite=${SUITE}&${compared}`,
    theme: "light",
    ready: heading("Side by side"),
  },
] as const;

mkdirSync(FOLDER, { recursive: true });
const browser = await launch();
try {
  for (const { file, path, theme, ready } of PICTURES) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme });
    await page.goto(ADDRESS + path);
    await ready(page);
    await page.waitForLoadState("networkidle");
    // Correlations come one after the other.
    await page.waitForTimeout(1000);
    const target = join(FOLDER, `${file}.webp`);
    const devtools = await page.context().newCDPSession(page);
    const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 85 });
    const picture = Buffer.from(data, "base64");
    if (picture.length > MOST) {
      throw new Error(`${target} would have ${picture.length} bytes, more than ${MOST}; show less.`);
    }
    writeFileSync(target, picture);
    process.stdout.write(`${target}: ${picture.length} bytes\n`);
    await page.close();
  }
} finally {
  await browser.close();
}
