import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Kept, toRemove } from './retention.ts'

const backups: fc.Arbitrary<Kept[]> = fc
  .uniqueArray(fc.integer({ min: 0, max: 1_000 }), { maxLength: 30 })
  .chain((days) =>
    fc.tuple(...days.map((day) => fc.record({ day: fc.constant(day), isProven: fc.boolean() }))),
  )
  .map((all) =>
    all.map(({ day, isProven }) => ({
      name: `backup-${day}`,
      takenAt: new Date(Date.UTC(2026, 0, 1 + day)).toISOString(),
      isProven,
    })),
  )
const now = new Date('2200-01-01T00:00:00Z')
const keeping = fc.integer({ min: -3, max: 12 })
const newestProven = (all: readonly Kept[]) =>
  all.filter(({ isProven }) => isProven).toSorted((a, b) => (a.takenAt < b.takenAt ? 1 : -1))[0]

test('the newest proven backup is never removed, nor anything newer, whatever is asked', () => {
  fc.assert(
    fc.property(backups, keeping, (all, keep) => {
      const removed = toRemove(all, { keep, now })
      const newest = newestProven(all)
      if (!newest) return removed.length === 0
      return all.every(({ name, takenAt }) => takenAt < newest.takenAt || !removed.includes(name))
    }),
  )
})

test('as many proven backups stay as are asked for, the newest; removing again removes nothing', () => {
  fc.assert(
    fc.property(backups, keeping, (all, keep) => {
      const removed = toRemove(all, { keep, now })
      const left = all.filter(({ name }) => !removed.includes(name))
      const proven = all.filter(({ isProven }) => isProven)
      const leftProven = left.filter(({ isProven }) => isProven)
      assert.equal(leftProven.length, Math.min(proven.length, Math.max(1, keep)))
      for (const gone of proven.filter((each) => !leftProven.includes(each))) {
        assert.ok(leftProven.every((each) => each.takenAt > gone.takenAt))
      }
      assert.deepEqual(toRemove(left, { keep, now }), [])
    }),
  )
})

test('backups of the future stay, and take no place of those that are taken now', () => {
  fc.assert(
    fc.property(
      backups,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 1_000 }),
      (all, keep, day) => {
        const today = new Date(Date.UTC(2026, 0, 1 + day))
        const isPast = ({ takenAt }: Kept) => new Date(takenAt) <= today
        const removed = toRemove(all, { keep, now: today })
        assert.ok(all.every((each) => isPast(each) || !removed.includes(each.name)))
        const pastProven = all.filter((each) => each.isProven && isPast(each))
        const left = pastProven.filter(({ name }) => !removed.includes(name))
        assert.equal(left.length, Math.min(keep, pastProven.length))
      },
    ),
  )
})
