import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Home, temporaryHome } from '@bibby/lending/test/bibby-process.ts'

/** A library that was founded once, closed in order, and that each act is given a copy of. */
export type Stage = AsyncDisposable & {
  /** Lays a copy of its data at this path, where nothing may be yet. Founds it when it is first asked. */
  readonly layAt: (data: string) => Promise<void>
}

/** Makes an empty stage: `await using stage = openStage()`. Closing it takes the library away. */
export function openStage(): Stage {
  let founded: Promise<Home> | undefined
  return {
    layAt: async (data) => {
      founded ??= found()
      await copy((await founded).data, data)
    },
    [Symbol.asyncDispose]: async () => {
      await (await founded?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}

/** The sample library with `copiesPerTitle` more copies of each title, at rest. */
async function found(): Promise<Home> {
  const home = await temporaryHome()
  try {
    const bibby = home.start({ BIBBY_SAMPLE: 'yes' })
    await bibby.ready
    const db = await home.connect()
    await db.query(
      `
        insert into copy (title_id, barcode, branch_id, item_type_id)
        select title.id, '77' || lpad((title.id * 1000 + n)::text, 10, '0'), branch.id, item_type.id
        from title, generate_series(1, $1::integer) as n, branch,
          (select id from item_type order by code = 'book' desc, id limit 1) as item_type
        where branch.code = 'main'
      `,
      [copiesPerTitle],
    )
    await db.query('vacuum analyze copy')
    await db.end()
    bibby.kill('SIGTERM')
    await bibby.ended
    return home
  } catch (error) {
    await home[Symbol.asyncDispose]()
    throw error
  }
}

const copiesPerTitle = 60

/** With owners and modes, which Node’s own copying leaves behind: under root the database is another user’s. */
async function copy(from: string, to: string): Promise<void> {
  const child = spawn('cp', ['-a', '--', from, to], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`cp -a could not copy the library of the drills to ${to} (exit ${code}).`)
}
