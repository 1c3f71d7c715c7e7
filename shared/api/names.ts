/** How suites, checkpoints and digests are written in paths and bodies. */
import { z } from "zod";

const SUITE = "[a-z0-9][a-z0-9-]{0,62}";
const VERSION = "@[1-9][0-9]{0,5}";

export const suiteIdSchema = z
  .string()
  .regex(new RegExp(`^${SUITE}${VERSION}$`), "expected a name and version such as pcfg-mini@1");

/** A bare name means the latest version. */
export const suiteNameSchema = z
  .string()
  .regex(new RegExp(`^${SUITE}(${VERSION})?$`), "expected a suite such as pcfg-mini or pcfg-mini@1");

/** 80 random bits in base32. */
export const checkpointIdSchema = z
  .string()
  .regex(/^[a-z2-7]{16}$/, "expected a checkpoint's id: 16 letters and digits");

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits");

export const dateSchema = z.iso.datetime();

/** The parts of `pcfg-mini@1`; the version is null in a bare name. */
export function splitSuiteName(name: string): { readonly name: string; readonly version: number | null } {
  const [bare, version] = name.split("@");
  return { name: bare!, version: version === undefined ? null : Number(version) };
}
