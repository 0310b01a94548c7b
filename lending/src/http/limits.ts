/** How much one may ask for. */
export type Limits = {
  /** Requests a minute of one address that is not signed in. A whole branch may sit behind one address. */
  readonly anonymousPerMinute: number
  /** Requests a minute of one patron. */
  readonly patronPerMinute: number
  /** Requests a minute of one member of staff, over all their devices: a load test passes, a runaway loop does not. */
  readonly staffPerMinute: number
  /** Sign-ins a minute of one address; each costs a second's worth of hashing. */
  readonly signInsPerMinute: number
  /** Bytes of a JSON body. */
  readonly bodyBytes: number
  /** Bytes of an uploaded file. */
  readonly uploadBytes: number
  /** From routing to the last byte of the answer, for all but uploads and exports. */
  readonly handlerMs: number
  /** The same for uploads and exports. */
  readonly longHandlerMs: number
  /** A connection on which nothing moves for this long is closed. */
  readonly idleConnectionMs: number
  /** The headers of a request must have come within this. */
  readonly headersMs: number
  /** At most this many bytes of headers. */
  readonly headersBytes: number
  /** Requests in flight when the server closes may take this long. */
  readonly closeMs: number
}

/** The limits of a server that nobody set otherwise. */
export const defaultLimits: Limits = {
  anonymousPerMinute: 6_000,
  patronPerMinute: 1_200,
  staffPerMinute: 240_000,
  signInsPerMinute: 30,
  bodyBytes: 1_048_576,
  uploadBytes: 2 * 1_024 ** 3,
  handlerMs: 30_000,
  longHandlerMs: 60 * 60_000,
  idleConnectionMs: 60_000,
  headersMs: 15_000,
  headersBytes: 16_384,
  closeMs: 10_000,
}
