import { statSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { StatusError } from '../status-error.ts'
import { openStore } from '../store/store.ts'
import { alertMessage } from '../tell/changes.ts'
import { tellContacts } from '../tell/outbox.ts'

/** The database that a daemon has open is no longer the file of its name. */
export function replaced(): StatusError {
  return new StatusError(
    'STATUS_STORE_REPLACED',
    'The database was exchanged or removed while the page ran. What the page wrote since went to the old file; the next start goes on with what is there now.',
  )
}

/** Whether a fault says so. */
export function isReplaced(error: unknown): error is StatusError {
  return error instanceof StatusError && error.code === 'STATUS_STORE_REPLACED'
}

/** What a folder is, whatever its path leads to: of a disk that was taken away it leads to another one, or to none. */
export function placeOf(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false })
  return stats ? `${stats.dev} ${stats.ino}` : 'none'
}

/**
 * Tells the contacts, through the file that is there now: the next start sends it. The old one must be closed before, so
 * that what it has beside it is not taken for the new one’s. A person has to look, so it is never over by itself.
 */
export function tellReplaced(config: Config, sentence: string, now: number): void {
  using store = openStore(config.data, { isDaemon: true })
  const message = alertMessage(config, { name: 'BibbyStatusReplaced', isOver: false, sentence, at: now })
  tellContacts(store, config, message, now)
}
