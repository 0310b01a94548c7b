import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dateFormat, numberFormat } from './formats.ts'

test('a format is made once for each language and way to write, and none is taken for another', () => {
  const day = new Date('2026-03-09T12:00:00Z')
  const german = dateFormat('de', { dateStyle: 'long', timeZone: 'UTC' })
  assert.equal(dateFormat('de', { dateStyle: 'long', timeZone: 'UTC' }), german)
  assert.deepEqual(
    [
      german.format(day),
      dateFormat('en', { dateStyle: 'long', timeZone: 'UTC' }).format(day),
      dateFormat('de', { dateStyle: 'short', timeZone: 'UTC' }).format(day),
      dateFormat('de', { dateStyle: 'long', timeZone: 'Pacific/Kiritimati' }).format(day),
    ],
    ['9. März 2026', 'March 9, 2026', '09.03.26', '10. März 2026'],
  )
  const money = (currency: string) => numberFormat('en', { style: 'currency', currency }).format(1.5)
  assert.deepEqual([money('EUR'), money('JPY')], ['€1.50', '¥2'])
})
