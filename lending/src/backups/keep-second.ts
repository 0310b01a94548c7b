import type { Backups } from './run-backup.ts'
import { gone, type SecondCopy, startSecond } from './to-second.ts'

/** Keeps the log in the second folder, until closed. */
export type KeptSecond = AsyncDisposable & {
  /** Begins to copy what is missing, unless that is under way. Settles when it has ended, and never rejects. */
  readonly round: () => Promise<void>
}

/** A disk that hangs or is full is told, once until it goes again, and tried with every round. */
export function keepSecond({
  backups: { backups, second, libraryId, keep },
  warn,
  hungMs,
}: {
  readonly backups: Backups
  readonly warn: (text: string) => void
  /** Default: two minutes. */
  readonly hungMs?: number
}): KeptSecond {
  let copy: SecondCopy | undefined
  let told = ''
  let isClosed = false
  return {
    round: async () => {
      if (second === undefined || copy || isClosed) return
      const begun = startSecond({ backups, second, libraryId, keep, onlyLog: true }, hungMs)
      copy = begun
      void begun.gone.then(() => {
        copy = undefined
      })
      await begun.ended.then(
        () => {
          told = ''
        },
        (error: unknown) => {
          const text = `The log is not in the second folder: ${error instanceof Error ? error.message : 'unknown fault'}`
          if (text !== told && !isClosed) warn(text)
          told = text
        },
      )
      await gone(begun)
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      if (!copy) return
      copy.stop()
      await gone(copy)
    },
  }
}
