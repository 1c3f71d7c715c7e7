/** `fetch` for an upload: it tells how many bytes of a part have gone, and gives up where nothing goes any more. */
import type { Fetch, FetchInit, HttpResponse } from "../../../../shared/api/client/fetch.ts";

/** Milliseconds without a byte after which a connection counts as broken; systems may take a quarter of an hour to see it. */
const STALLED = 45_000;

/** @param onSent is called with bytes of the part that goes up at the moment, from 0 for each attempt. */
export function uploadFetch(onSent: (bytes: number) => void): Fetch {
  return (url, init) => {
    const { body, ...request } = init as FetchInit;
    return body instanceof Uint8Array ? send(url, request, body as BufferSource, onSent) : fetch(url, init);
  };
}

/** By XMLHttpRequest, since `fetch` says nothing until all has gone. */
function send(
  url: string,
  { method, headers, signal }: Omit<FetchInit, "body">,
  body: BufferSource,
  onSent: (bytes: number) => void,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const aborting = signal as AbortSignal | undefined;
    aborting?.throwIfAborted();
    const stop = () => request.abort();
    let timer = setTimeout(stop, STALLED);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      clearTimeout(timer);
      timer = setTimeout(stop, STALLED);
      onSent(loaded);
    };
    request.onload = () => {
      const { status, responseText } = request;
      resolve({
        ok: status >= 200 && status < 300,
        status,
        headers: { get: (name) => request.getResponseHeader(name) },
        body: null,
        text: async () => responseText,
      });
    };
    request.onerror = () => reject(new TypeError("the connection broke"));
    request.onabort = () => reject(new TypeError("nothing goes through the connection"));
    request.onloadend = () => {
      clearTimeout(timer);
      aborting?.removeEventListener("abort", stop);
    };
    aborting?.addEventListener("abort", stop);
    request.send(body);
  });
}
