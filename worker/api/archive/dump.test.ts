import { expect, test } from "vitest";
import { bindings } from "../testing/bindings.ts";

test("a dump of the database can be read back: no table refers to a younger one, which is filled after it", async () => {
  const { results } = await bindings.DB.prepare(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL ORDER BY rowid",
  ).all<{ name: string; sql: string }>();
  const older: string[] = [];
  let references = 0;
  for (const { name, sql } of results) {
    older.push(name);
    for (const [, table] of sql.matchAll(/\bREFERENCES\s+"?(\w+)/gi)) {
      expect(older, `${name} refers to ${table}`).toContain(table);
      references++;
    }
  }
  expect(references).toBeGreaterThan(5);
});
