/** One line of the result: what was measured, against what, and the ratio of the two. */
export type Row = {
  readonly what: string
  readonly measured: string
  /** The peer or the limit, with its version. */
  readonly against: string
  /** Measured divided by what it stands against. */
  readonly ratio: number
  /** The size of the data and of the load. */
  readonly size: string
}
