import type { BackupsHere } from '@bibby/lending/backups/backups-here.ts'
import type { RestoreHere } from '@bibby/lending/backups/restore-here.ts'
import { readConfig } from '@bibby/lending/config.ts'
import { StartError } from '@bibby/lending/start-error.ts'
import type { Command } from 'commander'
import type { Out } from './out.ts'
import { checked } from './service-verbs.ts'

/**
 * What is done to files and databases of this machine, not over the API: whoever may is whoever may read them. Ctrl-C
 * ends it in order.
 */
export async function onThisMachine(
  program: Command,
  say: Out,
): Promise<{ readonly backups: BackupsHere; readonly restore: RestoreHere }> {
  if (program.opts<{ server?: string }>().server !== undefined) {
    throw new StartError(
      'BIBBY_SETTINGS_INVALID',
      'Backups are taken and restored on the machine where the data lies: leave --server out there.',
    )
  }
  const config = checked(readConfig())
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error('It was stopped. Nothing of it counts.')))
  }
  const running = { signal: stop.signal, now: new Date(), step: (text: string) => say.progress(`${text} …`) }
  const { backupsHere } = await import('@bibby/lending/backups/backups-here.ts')
  const { restoreHere } = await import('@bibby/lending/backups/restore-here.ts')
  return { backups: await backupsHere(config, running), restore: await restoreHere(config, running) }
}
