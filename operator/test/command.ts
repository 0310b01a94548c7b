import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '..', '..')
const [, ...words] = packageJson.scripts.bibby.split(' ')

/** What `npm run bibby` gives to Node before the verb, so that it can be run from any folder. */
export const command: readonly string[] = words.map((word) =>
  word.startsWith('-') ? word : join(root, word),
)
