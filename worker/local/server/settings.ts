/** What a board is told by the environment, as in wrangler.toml where it is hosted: see docs/hosting.md. */

const VARS = [
  "GITHUB_CLIENT_ID",
  "GITHUB_URL",
  "GITHUB_API_URL",
  "PLATEAU_ADMINS",
  "PLATEAU_ORIGIN",
  "QUOTA_EVALUATIONS_PER_DAY",
  "QUOTA_STORED_BYTES",
  "QUOTA_PENDING_UPLOADS",
];
/** They are written into no file. */
const SECRETS = ["GITHUB_CLIENT_SECRET"];

export interface Settings {
  readonly vars: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

export function boardSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const given = (names: readonly string[]) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  return { vars: given(VARS), secrets: given(SECRETS) };
}
