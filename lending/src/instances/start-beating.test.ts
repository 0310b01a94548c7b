import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as aTurn } from 'node:timers/promises'
import { anOpenLibrary } from '../../test/open-library.ts'
import { libraryTables } from '../backups/fingerprint.ts'
import type { Database } from '../postgres/pool.ts'
import { instances } from './instances.ts'
import { startBeating } from './start-beating.ts'

test('a server is known while it runs, with how it feels, and no longer when it has ended in order', async () => {
  await using at = await anOpenLibrary()
  const names = async () => (await instances(at.db)).map(({ name }) => name)
  {
    await using _beating = startBeating(at.library, at.app.pulse)
    while ((await names()).length === 0) await aTurn()
    const [own] = await instances(at.db)
    assert.deepEqual([own?.name, own?.version, own?.isSilent], ['test', at.library.version, false])
    assert.ok((own?.figures.memoryBytes ?? 0) > 1_000_000)
  }
  assert.deepEqual(await names(), [])
})

test('a beat that the database does not take harms nothing, and the next is tried', async () => {
  let tries = 0
  const through = (db: Database): Database => ({
    ...db,
    rows: (statement) => {
      if (!statement.text.includes('into instance')) return db.rows(statement)
      tries += 1
      return tries === 1 ? Promise.reject(new Error('away')) : db.rows(statement)
    },
  })
  await using at = await anOpenLibrary({ through })
  await using _beating = startBeating(at.library, at.app.pulse)
  while ((await instances(at.db)).length === 0) {
    await at.app.pulse.take()
    await aTurn()
  }
  assert.ok(tries >= 2)
})

test('who is at work now is in no backup', async () => {
  await using at = await anOpenLibrary()
  const tables = await at.db.withConnection((session) => libraryTables(session))
  const names = tables.map(({ name }) => name)
  assert.ok(names.includes('loan') && !names.includes('instance'), names.join())
})
