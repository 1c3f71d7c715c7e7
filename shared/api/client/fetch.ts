/** The parts of `fetch` that the client needs; browsers, Node and workerd have them alike. */

export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
  text(): Promise<string>;
}

/** `globalThis.fetch`. */
export type Fetch = (url: string, init: never) => Promise<HttpResponse>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A string, bytes, or a Blob. */
  readonly body?: unknown;
  /** An AbortSignal. */
  readonly signal?: unknown;
}

/** `new TextDecoder()`. */
export interface Decoder {
  decode(bytes?: Uint8Array, options?: { readonly stream?: boolean }): string;
}
