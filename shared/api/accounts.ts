/** Accounts: people who signed in, where the board is set up for that; and how much anyone may use. */
import { z } from "zod";
import { labelSchema } from "./label.ts";
import { dateSchema } from "./names.ts";
import { newTokenSchema, ownerSchema } from "./tokens.ts";

const count = z.number().int().nonnegative();

/** What an account may give to its own tokens. */
export const ACCOUNT_SCOPES = ["submit", "evaluate", "work"] as const;

export const accountIdSchema = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "expected an account's id: 16 hexadecimal digits");

/** As GitHub writes names, of programs and managed users too. */
export const loginSchema = z.string().regex(/^[A-Za-z0-9_.[\]-]{1,100}$/, "expected a name on GitHub");

export const sessionSchema = z.object({
  /** The path where signing in begins; null where this board has no sign-in. */
  signIn: z.string().nullable(),
  /** Who is signed in; null where nobody is. */
  account: z
    .object({
      id: accountIdSchema,
      login: loginSchema,
      /** Whether this board counts it among those who run it. */
      admin: z.boolean(),
      /** When the session ends. */
      until: dateSchema,
    })
    .nullable(),
});

export const newAccountTokenSchema = newTokenSchema.extend({
  scopes: z.array(z.enum(ACCOUNT_SCOPES)).min(1).max(ACCOUNT_SCOPES.length),
});

/** Null: as many as one likes. */
const quota = z.object({ used: count, most: count.nullable() });

/** What was used of what whoever asks may use. */
export const quotasSchema = z.object({
  owner: ownerSchema,
  /** Asked for since midnight UTC; from `resetsAt` on they are counted anew. */
  evaluationsPerDay: quota.extend({ resetsAt: dateSchema }),
  /** Of all checkpoints, and of uploads under way. */
  storedBytes: quota,
  pendingUploads: quota,
});

export const blockSchema = z.strictObject({
  /** The account's owner reads it when they are refused. */
  reason: labelSchema,
});

export const listedAccountSchema = z.object({
  id: accountIdSchema,
  login: loginSchema,
  admin: z.boolean(),
  createdAt: dateSchema,
  signedInAt: dateSchema,
  blocked: z.object({ at: dateSchema, reason: z.string() }).nullable(),
  checkpoints: count,
  storedBytes: count,
  evaluationsToday: count,
  /** Those that count. */
  tokens: count,
});

export const accountListSchema = z.object({ accounts: z.array(listedAccountSchema) });

export type Session = z.infer<typeof sessionSchema>;
export type Quotas = z.infer<typeof quotasSchema>;
export type NewAccountToken = z.infer<typeof newAccountTokenSchema>;
export type ListedAccount = z.infer<typeof listedAccountSchema>;
