import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { overCeiling } from './ceiling.ts'
import { codeHmac, isCode, newCode } from './code.ts'
import { difference } from './difference.ts'
import { planDigest } from './digest.ts'
import { breaches, type Part } from './floor.ts'
import { isPhrase, phraseOf } from './phrase.ts'
import { mayGo, states } from './state.ts'

const secret = Buffer.alloc(32, 7)
const versioned = fc.uniqueArray(
  fc.record({ id: fc.string({ minLength: 1, maxLength: 4 }), version: fc.string({ maxLength: 3 }) }),
  { selector: ({ id }) => id },
)

test('what has ended for good leads nowhere, and only a code leads to executing', () => {
  for (const from of states) {
    assert.ok(mayGo({ from, to: from }))
    if (['expired', 'refused', 'undone'].includes(from)) {
      assert.deepEqual(
        states.filter((to) => mayGo({ from, to })),
        [from],
      )
    }
    assert.equal(mayGo({ from, to: 'executing' }), from === 'armed' || from === 'executing', from)
    assert.equal(mayGo({ from, to: 'undoing' }), ['done', 'failed', 'undoing'].includes(from), from)
  }
})

test('a ceiling refuses one row too many, in rows and in percent, and never trims', () => {
  const ceiling = { rows: 100, percent: 10 }
  assert.equal(overCeiling({ count: 100, total: 1_000 }, ceiling), undefined)
  assert.equal(overCeiling({ count: 101, total: 100_000 }, ceiling)?.over, 'rows')
  assert.equal(overCeiling({ count: 100, total: 999 }, ceiling)?.over, 'percent')
  fc.assert(
    fc.property(fc.nat(2_000), fc.nat(20_000), (count, total) => {
      const isOver = overCeiling({ count, total }, ceiling) !== undefined
      assert.equal(isOver, count > 100 || count > total / 10)
      if (isOver) assert.ok(overCeiling({ count: count + 1, total }, ceiling))
    }),
  )
})

test('a floor protects everything that stands on what loses, however far away', () => {
  // Amazon S3, 28 February 2017: servers of billing carried the index, and placement stood on the index.
  const parts: readonly Part[] = [
    { name: 'billing', units: 100, floor: 0, needs: [] },
    { name: 'index', units: 1, floor: 1, needs: [{ part: 'billing', atLeast: 60 }] },
    { name: 'placement', units: 1, floor: 1, needs: [{ part: 'index', atLeast: 1 }] },
    { name: 'console', units: 1, floor: 1, needs: [] },
  ]
  const failing = (count: number) => breaches(parts, new Map([['billing', count]])).map(({ part }) => part)
  assert.deepEqual(failing(5), [])
  assert.deepEqual(failing(40), [])
  assert.deepEqual(failing(41), ['index', 'placement'])
})

test('what fails is what a slow search over all chains says, and losing more never fails less', () => {
  fc.assert(
    fc.property(library(), ({ parts, losing, more }) => {
      const found = new Set(breaches(parts, losing).map(({ part }) => part))
      assert.deepEqual([...found].toSorted(), failingByDefinition(parts, losing))
      const worse = new Map([...losing].map(([name, units]) => [name, units + more]))
      const then = new Set(breaches(parts, worse).map(({ part }) => part))
      assert.ok([...found].every((name) => then.has(name)))
    }),
  )
})

test('what has failed before is no reason to refuse an operation that does not touch it', () => {
  const parts: readonly Part[] = [
    { name: 'down', units: 0, floor: 1, needs: [] },
    { name: 'fine', units: 9, floor: 1, needs: [] },
  ]
  assert.deepEqual(breaches(parts, new Map([['fine', 1]])), [])
})

test('a part that is not declared is a bug, not a part without a floor', () => {
  assert.throws(() => breaches([], new Map([['index', 1]])), /"index" is spoken of and not declared/)
  const stray: Part = { name: 'a', units: 1, floor: 0, needs: [{ part: 'b', atLeast: 1 }] }
  assert.throws(() => breaches([stray], new Map([['a', 1]])), /"b" is spoken of and not declared/)
})

test('a digest is of the operation, its arguments and each row with its version, in whatever order', () => {
  fc.assert(
    fc.property(versioned, fc.dictionary(fc.string(), fc.integer()), (targets, given) => {
      const digest = planDigest('a', given, targets).toString('hex')
      const turned = Object.fromEntries(Object.entries(given).toReversed())
      assert.equal(planDigest('a', turned, targets.toReversed()).toString('hex'), digest)
      assert.notEqual(planDigest('b', given, targets).toString('hex'), digest)
      assert.notEqual(planDigest('a', { ...given, more: 1, '': 2 }, targets).toString('hex'), digest)
      for (const [at, target] of targets.entries()) {
        const without = targets.toSpliced(at, 1)
        assert.notEqual(planDigest('a', given, without).toString('hex'), digest)
        const other = targets.with(at, { ...target, version: `${target.version}'` })
        assert.notEqual(planDigest('a', given, other).toString('hex'), digest)
      }
    }),
  )
  const apart = [{ id: 'a', version: 'bc' }]
  assert.notDeepEqual(planDigest('a', {}, apart), planDigest('a', {}, [{ id: 'ab', version: 'c' }]))
  const one = planDigest('a', {}, [{ id: 'x', version: '1"],["y' }])
  assert.notDeepEqual(
    one,
    planDigest('a', {}, [
      { id: 'x', version: '1' },
      { id: 'y', version: '' },
    ]),
  )
})

test('a difference is empty exactly when the digests agree, and counts all that it does not name', () => {
  fc.assert(
    fc.property(versioned, versioned, (planned, now) => {
      const isSame = planDigest('a', {}, planned).equals(planDigest('a', {}, now))
      assert.equal(difference(planned, now) === undefined, isSame)
    }),
  )
  const many = Array.from({ length: 50 }, (_, at) => ({ id: `${at}`, version: '1' }))
  const found = difference(many, [
    { id: '0', version: '2', label: 'Emma' },
    { id: 'new', version: '1' },
  ])
  assert.deepEqual(found?.added, { count: 1, ids: ['new'], labels: ['new'] })
  assert.deepEqual(found?.changed, { count: 1, ids: ['0'], labels: ['Emma'] })
  assert.equal(found?.gone.count, 49)
  assert.equal(found?.gone.ids.length, 20)
})

test('a phrase carries the count and the digest, and only blanks are forgiven', () => {
  const digest = Buffer.from('a91f00', 'hex')
  const wording = { verb: 'WITHDRAW', noun: 'COPIES', where: 'FROM branch-7' }
  const phrase = phraseOf(wording, 1_204, digest)
  assert.equal(phrase, 'WITHDRAW 1,204 COPIES FROM branch-7 #a91f')
  assert.equal(phraseOf({ verb: 'DELETE', noun: 'BOOKS' }, 12, digest), 'DELETE 12 BOOKS #a91f')
  assert.equal(phraseOf({ verb: 'DELETE', noun: 'BOOKS' }, 1_000_000, digest), 'DELETE 1,000,000 BOOKS #a91f')
  assert.ok(isPhrase({ typed: '  WITHDRAW 1,204  COPIES FROM branch-7 #a91f\n', phrase }))
  for (const typed of [
    'y',
    '',
    phrase.toLowerCase(),
    phrase.replace('1,204', '1,203'),
    phrase.slice(0, -1),
  ]) {
    assert.ok(!isPhrase({ typed, phrase }), typed)
  }
})

test('a code is eight letters of Crockford, each as likely, and is read as people write it', () => {
  const codes = Array.from({ length: 4_000 }, () => newCode())
  const counts = Map.groupBy(codes.join(''), (letter) => letter)
  assert.equal(new Set(codes).size, codes.length)
  assert.ok(codes.every((code) => /^[0-9A-HJKMNP-TV-Z]{8}$/.test(code)))
  assert.equal(counts.size, 32)
  // 1,000 of each are expected; eight deviations off is one run in some 10^14.
  assert.ok([...counts.values()].every(({ length }) => Math.abs(length - 1_000) < 250))
  const kept = { secret, operationId: 'one', hmac: codeHmac(secret, 'one', '01AB01XY') }
  for (const typed of ['01AB01XY', '01ab-01xy', ' oLab oIxy ', 'O1AB0LXY'])
    assert.ok(isCode(typed, kept), typed)
  for (const typed of ['', '01AB01XZ', '01AB01X', '01AB01XY0', '😀']) assert.ok(!isCode(typed, kept), typed)
})

test('a code comes from the randomness of the system, and is compared in a time that tells nothing', (t) => {
  const random = t.mock.method(crypto, 'randomBytes')
  const compare = t.mock.method(crypto, 'timingSafeEqual')
  syncBuiltinESMExports()
  const code = newCode()
  const hmac = codeHmac(secret, 'one', code)
  assert.ok(isCode(code, { secret, operationId: 'one', hmac }))
  assert.ok(!isCode('wrong', { secret, operationId: 'one', hmac }))
  assert.deepEqual([random.mock.callCount(), compare.mock.callCount()], [1, 2])
  t.mock.restoreAll()
  syncBuiltinESMExports()
})

test('what is kept of a code is bound to the secret and to its operation', () => {
  const hmac = codeHmac(secret, 'one', '01AB01XY')
  assert.ok(!isCode('01AB01XY', { secret, operationId: 'two', hmac }))
  assert.ok(!isCode('01AB01XY', { secret: Buffer.alloc(32, 8), operationId: 'one', hmac }))
  assert.throws(() => codeHmac(Buffer.alloc(31), 'one', '01AB01XY'), /at least 32 bytes/)
})

/** Parts that stand on each other in any way, circles too, some of which lose units. */
function library() {
  const names = ['a', 'b', 'c', 'd', 'e']
  const name = fc.constantFrom(...names)
  const part = fc.record({
    units: fc.nat(6),
    floor: fc.nat(3),
    needs: fc.array(fc.record({ part: name, atLeast: fc.nat(4) }), { maxLength: 3 }),
  })
  return fc.record({
    parts: fc
      .tuple(part, part, part, part, part)
      .map((all) => all.map((one, at) => ({ name: names[at] ?? '', ...one }))),
    losing: fc.array(fc.tuple(name, fc.nat(5)), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    more: fc.nat(3),
  })
}

/** The least set that is closed: recomputed from nothing each time a part is added. */
function failingByDefinition(parts: readonly Part[], losing: ReadonlyMap<string, number>): readonly string[] {
  const failing = new Set<string>()
  const touched = (name: string) => failing.has(name) || (losing.get(name) ?? 0) > 0
  const left = (name: string) =>
    failing.has(name)
      ? 0
      : Math.max(0, (parts.find((part) => part.name === name)?.units ?? 0) - (losing.get(name) ?? 0))
  for (const _ of parts) {
    for (const { name, floor, needs } of parts) {
      const own = touched(name) && left(name) < floor
      if (own || needs.some(({ part, atLeast }) => touched(part) && left(part) < atLeast)) failing.add(name)
    }
  }
  return [...failing].toSorted()
}
