import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { warm } from '../../test/at-once.ts'
import { done, neverTwice, refusal } from '../../test/every-cut.ts'
import { aBranch, aCategory, aCharge, aPatron, by, monday } from '../../test/library-fixtures.ts'
import { type ScratchDatabase, scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from '../postgres/sql.ts'
import { type Outcome, type PlainObject, type Refusal, write } from '../postgres/write.ts'
import { wantedPassword } from '../staff/password.ts'
import { session, signIn } from '../staff/session.ts'
import { cardLook } from './card.ts'
import {
  blockPatron,
  editPatron,
  extendCard,
  findPatrons,
  patron,
  type RegisterPatronAsk,
  registerPatron,
  setKeepsHistory,
  setPatronPassword,
  unblockPatron,
} from './patron.ts'

async function places(db: ScratchDatabase) {
  return { ...(await aBranch(db)), ...(await aCategory(db, { code: 'adult' })) }
}

async function register(db: ScratchDatabase, over: Partial<RegisterPatronAsk> & { branchId: number }) {
  const ask = { categoryCode: 'adult', givenName: 'Ada', familyName: 'Lovelace', ...over }
  return write(db, by(), registerPatron, ask)
}

test('a new patron has a card of ours that runs for a year, and is read back as given', async () => {
  await using db = await scratchDatabase()
  const { branchId, branchCode, categoryId } = await places(db)
  const given = {
    givenName: ' Ada',
    familyName: 'Lovelace',
    email: 'ada@example.org',
    phone: '+44 20',
    address: '1 Street\r\nLondon',
    note: 'Ask for\nher cat',
  }
  const { card, patronId } = done(await register(db, { branchId, ...given }))
  assert.equal(cardLook(card), 'ours')
  const expected = {
    ...given,
    givenName: 'Ada',
    address: '1 Street\nLondon',
    patronId,
    card,
    categoryId,
    categoryCode: 'adult',
    categoryName: 'Adult',
    branchId,
    branchCode,
    branchName: 'Main',
    expiresOn: '2027-03-02',
    blockedBecause: null,
    blockedAt: null,
    protected: false,
    keepsHistory: false,
    wantsReceipts: false,
    unwantedNotices: [],
    hasPassword: false,
    registeredAt: monday.toISOString(),
    version: 1,
    openLoans: 0,
    openHolds: 0,
    owesCents: 0,
  }
  assert.deepEqual(await patron(db, { card }), expected)
  assert.deepEqual(await patron(db, { patronId }), expected)
  assert.equal(await patron(db, { card: 'nobody' }), undefined)
})

test('the card’s year begins on the day that it is at the branch', async () => {
  await using db = await scratchDatabase()
  await aCategory(db, { code: 'adult' })
  const { branchId } = await aBranch(db, { timeZone: 'Pacific/Auckland' })
  const ask = { categoryCode: 'adult', branchId, familyName: 'Kiri' }
  const told = await write(db, by({ occurredAt: new Date('2026-03-02T20:00:00Z') }), registerPatron, ask)
  assert.equal(done(told).expiresOn, '2027-03-03')
})

test('a card is one patron’s, also while one who was erased can be brought back', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await places(db)
  done(await register(db, { branchId, card: 'K-1' }))
  assert.deepEqual(refusal(await register(db, { branchId, card: ' K-1 ' })), { refused: 'card-taken' })
  await db.rows(sql`update patron set deleted_at = ${monday}`)
  assert.equal(await patron(db, { card: 'K-1' }), undefined)
  assert.deepEqual(refusal(await register(db, { branchId, card: 'K-1' })), { refused: 'patron-erased' })
})

test('twenty who register one card at once: one has it', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await places(db)
  await warm(db, 20)
  const told = await Promise.all(Array.from({ length: 20 }, () => register(db, { branchId, card: 'K-1' })))
  assert.equal(told.filter(({ outcome }) => outcome === 'done').length, 1)
})

test('all that is wrong with a new patron is told at once', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await places(db)
  const told = await register(db, {
    branchId,
    card: '',
    givenName: 'a\0',
    email: 'none',
    expiresOn: '2026-02-30',
    password: await wantedPassword('short'),
  })
  const { refused, problems } = refusal(told) as { refused: string; problems: object }
  assert.equal(refused, 'fields-invalid')
  assert.deepEqual(Object.keys(problems).toSorted(), ['card', 'expiresOn', 'givenName', 'password'])
  assert.equal(
    refusal(await register(db, { branchId, givenName: '', familyName: ' ' })).refused,
    'fields-invalid',
  )
  assert.deepEqual(refusal(await register(db, { branchId: 1 })), { refused: 'branch-unknown' })
  for (const categoryCode of ['child', '', '\0', "'"]) {
    assert.deepEqual(refusal(await register(db, { branchId, categoryCode })), { refused: 'category-unknown' })
  }
})

test('an edit changes what it names and nothing else, from the version that was seen', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await places(db)
  const { patronId, card } = done(await register(db, { branchId, email: 'ada@example.org' }))
  const before = await patron(db, { card })
  const edit = (over: object) => write(db, by(), editPatron, { patronId, version: 1, ...over })
  assert.deepEqual(done(await edit({ familyName: 'King', email: '' })), { patronId, card, version: 2 })
  assert.deepEqual(await patron(db, { card }), { ...before, familyName: 'King', email: '', version: 2 })
  assert.deepEqual(refusal(await edit({ familyName: 'Byron' })), { refused: 'version-stale', version: 2 })
  assert.deepEqual(refusal(await edit({ patronId: 1 })), { refused: 'patron-unknown' })
})

test('a lost card is replaced, by one that nobody has', async () => {
  await using db = await scratchDatabase()
  const { branchId } = await places(db)
  const { patronId } = done(await register(db, { branchId, card: 'old' }))
  done(await register(db, { branchId, card: 'other' }))
  const edit = (card: string) => write(db, by(), editPatron, { patronId, version: 1, card })
  assert.deepEqual(refusal(await edit('other')), { refused: 'card-taken' })
  done(await edit('new'))
  assert.equal(await patron(db, { card: 'old' }), undefined)
  assert.equal((await patron(db, { card: 'new' }))?.patronId, patronId)
})

test('a block has a reason, and goes when it is lifted', async () => {
  await using db = await scratchDatabase()
  const { card } = await aPatron(db)
  const block = (because: string) => write(db, by(), blockPatron, { card, because })
  assert.equal(refusal(await block('  ')).refused, 'fields-invalid')
  done(await block('Lost card'))
  assert.equal(done(await block('Bites')).blockedBecause, 'Bites')
  assert.equal((await patron(db, { card }))?.blockedAt, monday.toISOString())
  const lifted = done(await write(db, by(), unblockPatron, { card }))
  assert.deepEqual([lifted.wasBlockedBecause, lifted.version], ['Bites', 4])
  assert.equal((await patron(db, { card }))?.blockedBecause, null)
  assert.equal(done(await write(db, by(), unblockPatron, { card })).version, 4)
})

test('a card is extended to a day that is still to come', async () => {
  await using db = await scratchDatabase()
  const { card } = await aPatron(db, { expiresOn: '2026-01-01' })
  const extend = (until: string) => write(db, by(), extendCard, { card, until })
  assert.equal(done(await extend('2026-03-02')).expiresOn, '2026-03-02')
  for (const until of ['2026-03-01', '2026-13-01', 'tomorrow', '', '2026-3-5', '9999-01-01']) {
    assert.equal(refusal(await extend(until)).refused, 'fields-invalid', until)
  }
})

test('a new password of a patron ends their other sessions', async () => {
  await using db = await scratchDatabase()
  const { card } = await aPatron(db)
  const set = async (word: string, keepToken?: string) => {
    const password = await wantedPassword(word)
    return write(db, by(), setPatronPassword, { card, password, ...(keepToken ? { keepToken } : {}) })
  }
  done(await set('first password'))
  const tokens = await Promise.all(
    [1, 2].map(async () => {
      const ask = { kind: 'patron' as const, account: card, password: 'first password', now: monday }
      const told = await signIn(db, ask)
      assert.ok(!('refused' in told))
      return told.token
    }),
  )
  const [mine = '', other = ''] = tokens
  assert.equal(done(await set('second password', mine)).sessionsEnded, 1)
  assert.ok(await session(db, mine, monday))
  assert.equal(await session(db, other, monday), undefined)
})

test('a card that nobody has is unknown to every verb', async () => {
  await using db = await scratchDatabase()
  for (const card of ['nobody', '', '\0', '\ud800', 'x'.repeat(10_000)]) {
    const told: Outcome<PlainObject, Refusal>[] = await Promise.all([
      write(db, by(), blockPatron, { card, because: 'why' }),
      write(db, by(), unblockPatron, { card }),
      write(db, by(), extendCard, { card, until: '2030-01-01' }),
      write(db, by(), setPatronPassword, { card, password: await wantedPassword('long enough') }),
      write(db, by(), setKeepsHistory, { card, keepsHistory: true }),
    ])
    for (const each of told) assert.deepEqual(refusal(each), { refused: 'patron-unknown' })
    assert.equal(await patron(db, { card }), undefined)
  }
})

test('patrons are found by the words of their names in any order and case, or the beginning of a card', async () => {
  await using db = await scratchDatabase()
  const here = { ...(await aBranch(db)), ...(await aCategory(db)) }
  const people = [
    ['A1', 'Ада', 'Лавлейс'],
    ['A12', 'Åsa', 'Öberg'],
    ['B2', '伟', '王'],
    ['C3', '100%', 'Under_score'],
    ['D4', 'Back\\slash', "O'Neil"],
  ] as const
  for (const [card, givenName, familyName] of people)
    await aPatron(db, { ...here, card, givenName, familyName })
  const cards = async (query: string) => (await findPatrons(db, { query })).map(({ card }) => card)
  assert.deepEqual(await cards('лавлейс ада'), ['A1'])
  assert.deepEqual(await cards('ÖBERG'), ['A12'])
  assert.deepEqual(await cards('王'), ['B2'])
  assert.deepEqual(await cards('A1'), ['A1', 'A12'])
  assert.deepEqual(await cards('%'), ['C3'])
  assert.deepEqual(await cards('_'), ['C3'])
  assert.deepEqual(await cards('\\'), ['D4'])
  assert.deepEqual(await cards("o'n"), ['D4'])
  for (const query of ['', ' ', '\0', '\ud800', 'x'.repeat(5_000), '.*'])
    assert.deepEqual(await cards(query), [])
  await db.rows(sql`update patron set deleted_at = ${monday} where card = 'A1'`)
  assert.deepEqual(await cards('A1'), ['A12'])
})

test('a list of patrons has an end', async () => {
  await using db = await scratchDatabase()
  const here = { ...(await aBranch(db)), ...(await aCategory(db)) }
  for (let n = 0; n < 105; n++) await aPatron(db, here)
  assert.equal((await findPatrons(db, { query: 'reader' })).length, 20)
  assert.equal((await findPatrons(db, { query: 'reader', limit: 1e9 })).length, 100)
  assert.equal((await findPatrons(db, { query: 'reader', limit: -1 })).length, 1)
})

test('no query, whatever its letters, is more than letters', async () => {
  await using db = await scratchDatabase()
  await aPatron(db, { givenName: 'Ada', familyName: 'Lovelace' })
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 20 }), async (query) => {
      const found = await findPatrons(db, { query })
      const words = query.normalize('NFC').toLowerCase().split(/\s/u).filter(Boolean)
      for (const { familyName, givenName, card } of found) {
        const name = `${familyName} ${givenName}`.toLowerCase()
        assert.ok(words.every((word) => name.includes(word)) || card.startsWith(query.trim()))
      }
    }),
    { numRuns: 200 },
  )
})

test('what a patron owes is in the reading', async () => {
  await using db = await scratchDatabase()
  const { patronId, card } = await aPatron(db)
  await aCharge(db, { patronId, cents: 250 })
  assert.equal((await patron(db, { card }))?.owesCents, 250)
})

test('losing the connection at any statement never changes a patron twice', async () => {
  await using db = await scratchDatabase()
  const { branchId, categoryId } = await places(db)
  let n = 0
  const changes = (patronId: number) => async () => ((await patron(db, { patronId }))?.version ?? 0) - 1
  const fresh = async () => {
    const { patronId, card } = await aPatron(db, { branchId, categoryId, card: `cut-${++n}` })
    return { patronId, card, times: changes(patronId) }
  }
  await neverTwice(db, registerPatron, async () => {
    const familyName = `Cut ${++n}`
    const times = async () =>
      (await db.rows(sql`select from patron where family_name = ${familyName}`)).length
    return { ask: { categoryCode: 'adult', branchId, familyName }, times }
  })
  await neverTwice(db, editPatron, async () => {
    const { patronId, times } = await fresh()
    return { ask: { patronId, version: 1, note: 'x' }, times }
  })
  await neverTwice(db, blockPatron, async () => {
    const { card, times } = await fresh()
    return { ask: { card, because: 'why' }, times }
  })
  await neverTwice(db, extendCard, async () => {
    const { card, times } = await fresh()
    return { ask: { card, until: '2031-01-01' }, times }
  })
  await neverTwice(db, setPatronPassword, async () => {
    const { card, times } = await fresh()
    return { ask: { card, password: await wantedPassword('long enough') }, times }
  })
  await neverTwice(db, setKeepsHistory, async () => {
    const { card, times } = await fresh()
    return { ask: { card, keepsHistory: true }, times }
  })
  await neverTwice(db, unblockPatron, async () => {
    const { card, times } = await fresh()
    await db.rows(sql`update patron set blocked_because = 'x', blocked_at = ${monday} where card = ${card}`)
    return { ask: { card }, times }
  })
})
