/** The token that lets its holder do everything. */
import { randomBytes } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { UsageError } from "../usage-error.ts";

export const TOKEN_VARIABLE = "PLATEAU_OWNER_TOKEN";
/** The API refuses shorter ones. */
const SHORTEST = 32;

export interface OwnerToken {
  readonly token: string;
  /** Where it was written for its owner; null where the environment gave it. */
  readonly file: string | null;
}

/**
 * PLATEAU_OWNER_TOKEN, or what the file holds; a new file, which only its owner may read, where there is none.
 *
 * @throws UsageError where the token is too short, or others may read the file.
 */
export async function ownerToken(file: string, given = process.env[TOKEN_VARIABLE]): Promise<OwnerToken> {
  if (given !== undefined && given !== "") {
    assertLong(given, TOKEN_VARIABLE);
    return { token: given, file: null };
  }
  // As the tokens that a board hands out, this one cannot be guessed.
  const fresh = randomBytes(32).toString("hex");
  const made = await writeFile(file, `${fresh}\n`, { mode: 0o600, flag: "wx" }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
  if (made) return { token: fresh, file };
  const { mode } = await stat(file);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new UsageError(
      `${file} may be read by others than its owner; chmod 600 it, or delete it for another token.`,
    );
  }
  const token = (await readFile(file, "utf8")).trim();
  assertLong(token, file);
  return { token, file };
}

function assertLong(token: string, place: string): void {
  if (new RegExp(`^\\S{${SHORTEST},512}$`).test(token)) return;
  throw new UsageError(
    `The owner's token in ${place} must be ${SHORTEST} to 512 characters without blanks; make one by chance (openssl rand -hex 32).`,
  );
}
