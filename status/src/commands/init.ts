import { writeFileSync } from 'node:fs'
import { example } from '../config/example.ts'
import { configFile } from '../config/read-config.ts'
import type { Command } from './given.ts'
import { refused } from './typed.ts'

/** Writes a file of settings that works against a Bibby that was started on this machine; never over another file. */
export const init: Command = ({ say, warn }, { options }) => {
  const path = typeof options.config === 'string' ? options.config : configFile
  const passwordFile = typeof options.canary === 'string' ? options.canary : null
  try {
    writeFileSync(path, `${JSON.stringify(example({ passwordFile }), null, 2)}\n`, {
      flag: 'wx',
      mode: 0o600,
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw refused(`${path} is there already; nothing was written.`)
    throw error
  }
  say(path)
  warn(`Start the page with: node src/main.ts run --config ${path}`)
  return 0
}
