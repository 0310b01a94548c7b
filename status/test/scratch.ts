import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, configShape } from '../src/config/config.ts'
import { openStore, type Store } from '../src/store/store.ts'

/** A database in a folder of its own, and settings for it; closing it removes both. */
export function scratch(
  settings: object = {},
): Disposable & { store: Store; config: Config; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bibby-status-scratch-'))
  const problems: string[] = []
  const read = configShape(
    {
      page: { name: 'Millbrook', url: 'http://status.example', libraryUrl: 'http://library.example' },
      components: [
        {
          id: 'search',
          name: 'Search',
          probes: [{ kind: 'http', id: 'page', url: 'http://library.example' }],
        },
      ],
      ...settings,
    },
    '',
    problems,
  )
  if (!read || problems.length > 0) throw new Error(problems.join('\n'))
  const store = openStore(join(folder, 'data'))
  const config: Config = {
    ...read,
    data: join(folder, 'data'),
    base: folder,
    secretAt: ({ env, file }) => `secret of ${env ?? file}`,
  }
  return {
    store,
    config,
    folder,
    [Symbol.dispose]: () => {
      store[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A moment of a day in November. */
export const noon = Date.parse('2026-11-29T12:00:00Z')
