/** Publishes the suites that Plateau brings along. */
import type { Connection } from "../../../../shared/api/client/connection.ts";
import { publishSuite } from "../../../../shared/api/client/suites.ts";
import type { PublishedSuite } from "../../../../shared/api/suites.ts";
import { suiteText } from "./suite-thread.ts";

/** One that is published already is not even made again. Answers the suite as this board has it. */
export async function seedSuite(
  connection: Connection,
  id: string,
  published: readonly PublishedSuite[],
  tell: (line: string) => void,
): Promise<PublishedSuite> {
  const there = published.find((suite) => suite.id === id);
  if (there) return there;
  tell(`publishing the suite ${id}`);
  return publishSuite(connection, await suiteText(id));
}
