import { readFileSync } from 'node:fs'

/**
 * Loaded before a program (`--import`), it gives it a clock that is ahead of the real one by the milliseconds that stand in
 * the file after the question mark, at each moment. It stands for `date --set`: timers go on by the real time.
 */
const file = decodeURIComponent(new URL(import.meta.url).search.slice(1))
const RealDate = Date
const now = () => RealDate.now() + Number(readFileSync(file, 'utf8'))

class InjectedDate extends RealDate {
  constructor(...given: [] | [number | string]) {
    if (given.length === 0) super(now())
    else super(...given)
  }
  static override now(): number {
    return now()
  }
}
globalThis.Date = InjectedDate as DateConstructor
