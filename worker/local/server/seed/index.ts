/** What a board begins with: suites, and the zoo. Whatever was brought in once is not brought in again. */
import { readFile } from "node:fs/promises";
import type { Connection } from "../../../../shared/api/client/connection.ts";
import { listSuites } from "../../../../shared/api/client/suites.ts";
import { writeWhole } from "../../write-file.ts";
import { seedSuite } from "./suites.ts";
import { readZoo, seedZoo } from "./zoo.ts";

/** By suite, what of the zoo was brought in: a row that an admin removed stays away. */
type Seeded = Record<string, string>;

/**
 * @param file remembers what was brought in.
 * @param wanted ids of suites, with versions.
 */
export async function seedSuites(
  connection: Connection,
  file: string,
  wanted: readonly string[],
  tell: (line: string) => void,
): Promise<void> {
  const seeded = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as Seeded,
    (): Seeded => ({}),
  );
  const published = await listSuites(connection);
  for (const id of wanted) {
    const suite = await seedSuite(connection, id, published, tell);
    const zoo = await readZoo(id);
    if (!zoo || seeded[id] === zoo.stamp) continue;
    await seedZoo(connection, suite, zoo, tell);
    seeded[id] = zoo.stamp;
    await writeWhole(file, JSON.stringify(seeded, null, 2));
  }
}
