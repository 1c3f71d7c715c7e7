/** `fetch` that notices when an answer that should go on has gone silent: a connection may be gone without a word. */
import type { Fetch, HttpResponse } from "../../../shared/api/client/fetch.ts";

/** Milliseconds; boards say that they are still there every 15 seconds. */
const SILENCE = 45_000;

export const watchedFetch: Fetch = async (url, init) => {
  const response = await fetch(url, init);
  const { ok, status, headers, body } = response;
  return {
    ...{ ok, status, headers },
    text: () => response.text(),
    body: body && { getReader: () => watched(body.getReader(), SILENCE) },
  };
};

type Reader = ReturnType<NonNullable<HttpResponse["body"]>["getReader"]>;

/** The reader, whose `read` rejects once nothing has come for so many milliseconds. */
export function watched(reader: Reader, silence: number): Reader {
  return {
    cancel: () => reader.cancel(),
    async read() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silent = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`nothing came for ${Math.round(silence / 1000)} seconds`)),
          silence,
        );
      });
      try {
        return await Promise.race([reader.read(), silent]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
