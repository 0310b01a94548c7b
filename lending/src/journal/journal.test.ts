import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { done } from '../../test/every-cut.ts'
import {
  aBranch,
  aCopy,
  aPatron,
  aSmallLibrary,
  aStaffMember,
  besides,
  by,
} from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { takeBack } from '../circulation/take-back.ts'
import { inEnglish } from '../language/messages.ts'
import { blockPatron } from '../patrons/patron.ts'
import { write } from '../postgres/write.ts'
import { theCommand } from '../staff/account.ts'
import { describe } from './describe.ts'
import { type JournalQuery, journal } from './journal.ts'

const here = { timeZone: 'Europe/Berlin' }

async function aHistory(db: ScratchDatabase) {
  const library = await aSmallLibrary(db)
  const { staffId } = await aStaffMember(db, { login: 'ruth', branchId: library.branchId })
  const other = await aCopy(db, besides(library))
  const waiting = await aPatron(db, { branchId: library.branchId, categoryId: library.categoryId })
  const ruth = () => by({ actor: `staff:${staffId}`, believed: { title: 3 } })
  done(await write(db, ruth(), lend, library))
  done(await write(db, by(), lend, { ...library, barcode: other.barcode }))
  await write(db, by(), lend, library)
  const { titleId, branchId: pickupBranchId } = library
  done(await write(db, by(), placeHold, { titleId, card: waiting.card, pickupBranchId }))
  done(await write(db, by(), takeBack, library))
  done(await write(db, by(), blockPatron, { card: library.card, because: 'Noise' }))
  return { ...library, staffId, other, waiting }
}

const actions = async (db: ScratchDatabase, query: JournalQuery) =>
  (await journal(db, query)).map(({ action }) => action)

test('the history of a copy, a patron, a title and a colleague can be read, newest first', async () => {
  await using db = await scratchDatabase()
  const history = await aHistory(db)
  const { copyId, barcode, patronId, card, titleId, staffId, other } = history
  assert.deepEqual(await actions(db, {}), ['block-patron', 'take-back', 'place-hold', 'lend', 'lend', 'lend'])
  for (const query of [{ copyId }, { barcode }]) {
    assert.deepEqual(await actions(db, query), ['take-back', 'lend'])
  }
  for (const query of [{ patronId }, { card }]) {
    assert.deepEqual(await actions(db, query), ['block-patron', 'take-back', 'lend', 'lend'])
  }
  assert.deepEqual(await actions(db, { copyId: other.copyId, patronId }), ['lend'])
  assert.deepEqual(await actions(db, { titleId }), ['take-back', 'place-hold', 'lend', 'lend'])
  assert.deepEqual(await actions(db, { actor: `staff:${staffId}` }), ['lend'])
  assert.deepEqual(await actions(db, { action: 'take-back' }), ['take-back'])
})

test('an entry says who did what, when, and from which version', async () => {
  await using db = await scratchDatabase()
  const { staffId, barcode, copyId } = await aHistory(db)
  const [entry] = await journal(db, { actor: `staff:${staffId}` })
  assert.ok(entry)
  assert.equal(entry.actorName, 'ruth')
  assert.equal(entry.copyId, copyId)
  assert.deepEqual(entry.believed, { title: 3 })
  assert.equal(entry.occurredAt, '2026-03-02T11:00:00.000Z')
  assert.equal(entry.line, `Lent “Charlotte's Web” (${barcode}) to Ada Reader, due 2026-03-30.`)
  const refused = (await journal(db, { action: 'lend' }))[0]
  assert.equal(refused?.line, 'Lend: refused (copy on loan).')
})

test('a due day is the one on the wall of the branch that lends, not of Greenwich', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  const west = await aBranch(db, { name: 'Zz last', timeZone: 'America/Los_Angeles' })
  done(await write(db, by(), lend, { ...library, ...west }))
  const lines = (await journal(db, { barcode: library.barcode })).map(({ line }) => line)
  assert.match(lines.at(-1) ?? '', /due 2026-03-30\.$/)
})

test('the command is named as such, and not as a number of the staff', async () => {
  await using db = await scratchDatabase()
  const library = await aSmallLibrary(db)
  done(await write(db, by({ actor: theCommand.actor }), lend, library))
  const [entry] = await journal(db, {})
  assert.deepEqual([entry?.actor, entry?.actorName], ['staff:0', 'the bibby command'])
})

test('what was recorded before a time can be left out', async () => {
  await using db = await scratchDatabase()
  await aHistory(db)
  const [newest, next] = await journal(db, {})
  assert.ok(newest && next)
  const recorded = (id: string) => new Date(Number.parseInt(id.slice(0, 13).replace('-', ''), 16))
  assert.equal((await journal(db, { since: new Date(0) })).length, 6)
  const since = await journal(db, { since: recorded(newest.id) })
  assert.equal(since[0]?.id, newest.id)
  for (const { id } of since) assert.ok(recorded(id) >= recorded(newest.id))
  assert.deepEqual(await journal(db, { since: new Date(recorded(newest.id).getTime() + 1) }), [])
})

test('page after page, every entry is read once', async () => {
  await using db = await scratchDatabase()
  await aHistory(db)
  const all = (await journal(db, {})).map(({ id }) => id)
  const paged: string[] = []
  for (;;) {
    const page = await journal(db, { limit: 2, before: paged.at(-1) })
    if (page.length === 0) break
    paged.push(...page.map(({ id }) => id))
  }
  assert.deepEqual(paged, all)
  assert.equal((await journal(db, { limit: -5 })).length, 1)
})

test('a question that nothing could answer has no entries', async () => {
  await using db = await scratchDatabase()
  await aHistory(db)
  for (const query of [
    { before: 'x' },
    { before: '\0' },
    { actor: '\0' },
    { actor: "staff:1' or true" },
    { action: '%' },
    { barcode: '\ud800' },
    { card: '\0' },
  ]) {
    assert.deepEqual(await journal(db, query), [], JSON.stringify(query))
  }
})

test('every entry has a sentence, whatever an older Bibby answered', () => {
  const action = fc.constantFrom(
    'lend',
    'take-back',
    'renew',
    'waive-fine',
    'forget',
    'toString',
    'new-thing',
  )
  const answer = fc.option(fc.dictionary(fc.string(), fc.jsonValue()))
  fc.assert(
    fc.property(
      action,
      fc.constantFrom('done' as const, 'refused' as const),
      answer,
      (name, outcome, given) => {
        const line = describe(inEnglish, { ...here, action: name, outcome, answer: given })
        assert.match(line, /^[A-Z].*\.$/su)
        assert.doesNotMatch(line, /undefined|NaN|\[object/)
      },
    ),
  )
  assert.equal(
    describe(inEnglish, { ...here, action: 'lend', outcome: 'done', answer: null }),
    'Lend; for whom is forgotten.',
  )
  assert.equal(
    describe(inEnglish, {
      ...here,
      action: 'take-back',
      outcome: 'done',
      answer: { title: 'Emma', barcode: 'B', patronName: 'Ada', fineCents: 150, next: { to: 'shelf' } },
    }),
    'Took back “Emma” (B) from Ada, fine 1.50; back to the shelf.',
  )
})

test('everything that is written has a sentence of its own', async () => {
  const source = fileURLToPath(new URL('../', import.meta.url))
  const actions: string[] = []
  for (const name of await readdir(source, { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.startsWith('http/')) continue
    const text = await readFile(join(source, name), 'utf8')
    actions.push(...Array.from(text.matchAll(/^ {2,4}action: '([a-z-]+)'/gm), ([, action = '']) => action))
  }
  assert.ok(actions.length > 30, String(actions.length))
  const bare = (action: string) =>
    `${action.slice(0, 1).toUpperCase()}${action.slice(1).replaceAll('-', ' ')}.`
  const lines = actions.map(
    (action) => [action, describe(inEnglish, { ...here, action, outcome: 'done', answer: {} })] as const,
  )
  assert.deepEqual(
    lines.filter(([action, line]) => line === bare(action)),
    [],
  )
  const answer = { changeSetId: 3, read: 5, imported: 2, updated: 1, unchanged: 1, rejected: 1 }
  assert.equal(
    describe(inEnglish, { ...here, action: 'import-batch', outcome: 'done', answer }),
    'Import 3 took in 5 records: 2 new, 1 changed, 1 as they were, 1 set aside.',
  )
  assert.equal(
    describe(inEnglish, {
      ...here,
      action: 'import-state',
      outcome: 'done',
      answer: { changeSetId: 3, state: 'done' },
    }),
    'Import 3 ended.',
  )
})
