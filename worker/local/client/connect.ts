/** Connections from this process to a board. */
import { serverAddress, type Connection } from "../../../shared/api/client/connection.ts";

/** @throws AddressError where `server` is no address. */
export function connect(server: string, token: string | null): Connection {
  return { server: serverAddress(server), token, fetch, newDecoder: () => new TextDecoder() };
}
