/** Tokens: what a program shows to be let in. */
import { z } from "zod";
import { labelSchema } from "./label.ts";
import { dateSchema } from "./names.ts";

/**
 * `submit`: upload checkpoints and have them evaluated. `evaluate`: evaluate without storing. `work`: take shards.
 * `admin`: suites, tokens, import. None includes another.
 */
export const SCOPES = ["submit", "evaluate", "work", "admin"] as const;
export const scopeSchema = z.enum(SCOPES);
export type Scope = z.infer<typeof scopeSchema>;

export const tokenIdSchema = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "expected a token's id: 16 hexadecimal digits");

/** Who owns what was uploaded: an account or, without one, a token, by its id; or the one who runs the board. */
export const ownerSchema = z.union([z.literal("owner"), tokenIdSchema]);

/** No token lasts longer; the one of whoever runs the board, from its environment, has no end. */
export const MOST_TOKEN_DAYS = 366;

export const newTokenSchema = z.strictObject({
  /** Whose it is, or what for. */
  label: labelSchema,
  scopes: z.array(scopeSchema).min(1).max(SCOPES.length),
  /** From when on it is worth nothing: within `MOST_TOKEN_DAYS`; in 90 days unless given. */
  expiresAt: dateSchema.optional(),
});

export const tokenSchema = z.object({
  id: tokenIdSchema,
  label: z.string(),
  scopes: z.array(scopeSchema),
  createdAt: dateSchema,
  expiresAt: dateSchema,
  revokedAt: dateSchema.nullable(),
  /** A day in UTC; null where it never was. */
  lastUsedOn: z.iso.date().nullable(),
  /** The name of the account that it belongs to; null where it belongs to none. */
  account: z.string().nullable(),
});

/** The token itself is shown this once. */
export const issuedTokenSchema = tokenSchema.extend({ token: z.string() });
export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) });

export type Token = z.infer<typeof tokenSchema>;
export type IssuedToken = z.infer<typeof issuedTokenSchema>;
