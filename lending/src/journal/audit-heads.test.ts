import assert from 'node:assert/strict'
import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type AuditedLibrary, anAuditedLibrary, anEntry } from '../../test/audit-fixtures.ts'
import { sql } from '../postgres/sql.ts'
import { headFile, lastHead } from './audit-heads.ts'
import { startAudit } from './keep-audit.ts'

/** Three heads, each after one entry more. */
async function threeHeads(): Promise<AuditedLibrary & { readonly file: string }> {
  const at = await anAuditedLibrary()
  for (let n = 0; n < 3; n++) {
    await anEntry(at.db)
    await at.link()
    await at.keeper.writeHead()
  }
  return { ...at, file: headFile(at.dataFolder) }
}

const found = async (at: AuditedLibrary) => (await at.verify()).findings.map(({ what, text }) => [what, text])

test('a head is written where the chain grew, to the file and to the log, and nobody else may read the file', async () => {
  await using at = await threeHeads()
  assert.equal(await at.keeper.writeHead(), undefined)
  assert.deepEqual(
    at.told.map(({ position }) => position),
    [1, 2, 3],
  )
  const written = (await readFile(at.file, 'utf8')).trim().split('\n')
  assert.deepEqual(
    written.map((line) => JSON.parse(line)),
    at.told,
  )
  assert.equal((await stat(at.file)).mode & 0o777, 0o600)
  const { verdict, heads } = await at.verify()
  assert.deepEqual([verdict, heads], ['intact', 3])
})

test('a file of heads that was cut short by whole lines, or taken away, is noticed', async () => {
  await using at = await threeHeads()
  const [first, second] = (await readFile(at.file, 'utf8')).split('\n')
  await writeFile(at.file, `${first}\n${second}\n`)
  const [[what, text] = []] = await found(at)
  assert.equal(what, 'heads-cut-off')
  assert.match(text ?? '', /it has not the head of link 3, written on 2026-03-02T11:00:00/)
  await rm(at.file)
  assert.deepEqual(
    (await found(at)).map(([kind]) => kind),
    ['heads-cut-off'],
  )
})

test('a file of heads that was taken away is warned of, and remarked upon ever after', async () => {
  await using at = await threeHeads()
  assert.deepEqual((await at.verify()).remarks, [])
  await rm(at.file)
  await at.keeper.writeHead()
  await anEntry(at.db)
  await at.link()
  await at.keeper.writeHead()
  assert.equal(at.warned.length, 1)
  assert.match(
    at.warned[0] ?? '',
    /has not the head of link 3 any more, which was written to it at 2026-03-02T11:/,
  )
  const { verdict, remarks } = await at.verify()
  assert.equal(verdict, 'intact')
  assert.match(
    remarks.join(),
    /begun anew once, first at 2026-\S+Z, when the head of link 3, written at 2026/,
  )
})

test('a crash before the database heard of the last head is no sign that the file was cut off', async () => {
  await using at = await threeHeads()
  const { position = 0, chain = '' } = at.told[1] ?? {}
  await at.db.rows(sql`update audit_head set position = ${position}, chain_sha256 = decode(${chain}, 'hex')`)
  await anEntry(at.db)
  await at.link()
  await at.keeper.writeHead()
  assert.deepEqual([at.warned, (await at.verify()).remarks], [[], []])
})

test('a line of the file that is no head is told by its number', async () => {
  await using at = await threeHeads()
  const lines = (await readFile(at.file, 'utf8')).split('\n')
  for (const garbled of [
    '',
    '{',
    'null',
    '[]',
    '{"position":2}',
    lines[1]?.replace('"chain":"', '"chain":"x'),
    lines[1]?.replace('"position":2', '"position":0'),
    lines[1]?.replace('"action":"', '"action":"\\u001b[2J'),
    lines[1]?.replace('"action":"', `"action":"${'x'.repeat(400)}`),
  ]) {
    await writeFile(at.file, [lines[0], garbled, lines[2], ''].join('\n'))
    assert.deepEqual(await found(at), [
      ['head-unreadable', 'The file of heads is damaged: line 2 is not a head.'],
    ])
  }
})

test('a head in which a digit was changed does not agree with its link', async () => {
  await using at = await threeHeads()
  const lines = (await readFile(at.file, 'utf8')).split('\n')
  const chain = at.told[1]?.chain ?? ''
  const other = (chain.startsWith('0') ? '1' : '0') + chain.slice(1)
  await writeFile(at.file, lines.join('\n').replace(chain, other))
  assert.deepEqual(
    (await found(at)).map(([what]) => what),
    ['rewritten'],
  )
})

test('what a crash left of a line is no head, and is cut away before the next', async () => {
  await using at = await threeHeads()
  await appendFile(at.file, '{"position":4,"cha')
  assert.deepEqual(await found(at), [])
  assert.equal((await lastHead(at.dataFolder))?.position, 3)
  await anEntry(at.db)
  await at.link()
  await at.keeper.writeHead()
  assert.deepEqual(await found(at), [])
  assert.equal((await lastHead(at.dataFolder))?.position, 4)
})

test('a head that could not be written is told, and the next round writes it', async () => {
  await using at = await anAuditedLibrary()
  await anEntry(at.db)
  await at.link()
  await writeFile(headFile(at.dataFolder), '')
  await at.db.rows(sql`alter table audit_head add constraint never check (position < 0)`)
  await assert.rejects(at.keeper.writeHead(), { code: '23514' })
  await at.db.rows(sql`alter table audit_head drop constraint never`)
  assert.equal((await at.verify()).verdict, 'intact')
  await anEntry(at.db)
  await at.link()
  assert.equal((await at.keeper.writeHead())?.position, 2)
})

test('closed in order, a Bibby leaves no entry without link and no link behind its head', async () => {
  await using at = await anAuditedLibrary()
  const audit = startAudit(
    { db: at.db, dataFolder: at.dataFolder, instance: 'test', clock: () => new Date() },
    { head: (head) => at.told.push(head), warn: (text) => at.warned.push(text) },
  )
  // Writers in other databases of the server may hold an entry up, so all is linked but for the head.
  await anEntry(at.db)
  await at.link()
  await audit[Symbol.asyncDispose]()
  assert.deepEqual(at.warned, [])
  assert.equal((await lastHead(at.dataFolder))?.position, 1)
  assert.equal(at.told.length, 1)
})

test('a database that is away is told once, and closing does not wait for it', async () => {
  await using at = await anAuditedLibrary()
  const away = {
    ...at.db,
    connectAlone: async () => {
      throw new Error('nobody there')
    },
  }
  const audit = startAudit(
    { db: away, dataFolder: at.dataFolder, instance: 'test', clock: () => new Date() },
    { head: () => undefined, warn: (text) => at.warned.push(text) },
  )
  await audit[Symbol.asyncDispose]()
  assert.equal(at.warned.length, 1)
  assert.match(at.warned[0] ?? '', /^The audit chain waits: The database cannot be reached/)
})
