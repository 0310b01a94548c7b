import { feels, type Pulse } from '../http/pulse.ts'
import type { Library } from '../library.ts'
import { beat, endBeat } from './instances.ts'

/**
 * Says with each beat that this process is there, until closed. One at a time: where the database is slow or away, beats are
 * left out and nothing waits for them.
 */
export function startBeating(library: Library, pulse: Pulse): AsyncDisposable {
  const { db, instance: name, version, commit, startedAt } = library
  let underWay: Promise<void> | undefined
  const stop = pulse.onBeat((felt) => {
    underWay ??= beat(db, { name, version, commit, startedAt, figures: feels(felt) })
      .catch(() => undefined)
      .finally(() => {
        underWay = undefined
      })
  })
  void pulse.take()
  return {
    [Symbol.asyncDispose]: async () => {
      stop()
      await underWay
      await endBeat(db, name).catch(() => undefined)
    },
  }
}
