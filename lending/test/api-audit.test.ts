import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAuditKeeper } from '../src/journal/keep-audit.ts'
import { verifyAudit } from '../src/journal/verify-audit.ts'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'
import { anEntry, tamper } from './audit-fixtures.ts'

type Told = { checked?: number; of?: number; verdict?: string; findings?: { what: string; id: string }[] }

async function verified(at: ServedLibrary): Promise<Told[]> {
  const answer = await at.app.inject({
    url: '/api/v1/audit',
    headers: bearing(await at.tokenOf('operator')),
  })
  assert.equal(answer.statusCode, 200, answer.body)
  assert.match(String(answer.headers['content-type']), /^application\/x-ndjson/)
  return answer.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)
}

test('an operator is told how far the verification is, and last what it came to', async () => {
  await using at = await aServedLibrary()
  await using keeper = openAuditKeeper(at.library, { head: () => undefined, warn: () => undefined })
  const id = await anEntry(at.db)
  while ((await keeper.writeHead()) === undefined) await keeper.link()
  const told = await verified(at)
  assert.deepEqual(told[0], { checked: 1, of: 1 })
  assert.equal(told.at(-1)?.verdict, 'intact')
  await tamper(at.db, sql`update journal set answer = '{}'`)
  const last = (await verified(at)).at(-1)
  assert.equal(last?.verdict, 'broken')
  assert.deepEqual(
    last?.findings?.map((each) => [each.what, each.id]),
    [['altered', id]],
  )
})

test('a second verification at the same time is refused, and not after the first was left', async () => {
  await using at = await aServedLibrary()
  const steps = await verifyAudit(at.library)
  assert.ok(!('refused' in steps))
  const headers = bearing(await at.tokenOf('operator'))
  const second = await at.app.inject({ url: '/api/v1/audit', headers })
  assert.deepEqual([second.statusCode, second.json().code], [409, 'audit-running'])
  await steps.return(undefined)
  assert.equal((await at.app.inject({ url: '/api/v1/audit', headers })).statusCode, 200)
})

test('asking for the head of what is made at length makes nothing', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('operator'))
  for (const url of ['/api/v1/audit', '/api/v1/export?format=csv', '/api/v1/imports/1/rejects-file']) {
    const answer = await at.app.inject({ method: 'HEAD', url, headers })
    assert.equal(answer.statusCode, 405, url)
    assert.match(String(answer.headers.allow), /GET/)
  }
})

test('nothing is verified on a database that is away, and the next may try', async () => {
  await using at = await aServedLibrary()
  const away = {
    ...at.library,
    db: {
      ...at.library.db,
      connectAlone: async () => {
        throw new Error('nobody there')
      },
    },
  }
  for (let tries = 0; tries < 2; tries++) {
    await assert.rejects(verifyAudit(away), { code: 'BIBBY_DATABASE_UNREACHABLE' })
  }
})
