import assert from 'node:assert/strict'
import { test } from 'node:test'
import { may, type Permission, roles, type Someone } from './permission.ts'

/** anyone, patron, desk, cataloguer, manager, operator. Written out: a change of permissions is a change here. */
const table: Readonly<Record<Permission, string>> = {
  search: 'yes yes yes yes yes yes',
  'own-account': 'no yes yes yes yes yes',
  lend: 'no no yes no yes yes',
  'take-back': 'no no yes no yes yes',
  renew: 'no no yes no yes yes',
  hold: 'no no yes no yes yes',
  override: 'no no yes no yes yes',
  'patron-read': 'no no yes no yes yes',
  'patron-write': 'no no yes no yes yes',
  'fine-take': 'no no yes no yes yes',
  'fine-waive': 'no no no no yes yes',
  'catalogue-write': 'no no no yes yes yes',
  import: 'no no no yes yes yes',
  export: 'no no no yes yes yes',
  'journal-read': 'no no no no yes yes',
  audit: 'no no no no no yes',
  'rules-write': 'no no no no yes yes',
  'staff-write': 'no no no no yes yes',
  settings: 'no no no no no yes',
  halt: 'no no no no yes yes',
  resume: 'no no no no no yes',
  operate: 'no no no yes yes yes',
  reports: 'no no yes yes yes yes',
  withdraw: 'no no no yes yes yes',
  approve: 'no no no no yes yes',
  erase: 'no no no no yes yes',
  'delete-all': 'no no no no no yes',
}

const people: readonly (Someone | undefined)[] = [
  undefined,
  { kind: 'patron' },
  ...roles.map((role) => ({ kind: 'staff' as const, role })),
]

for (const [permission, line] of Object.entries(table) as [Permission, string][]) {
  test(`who may: ${permission}`, () => {
    const answers = people.map((who) => (may(who, permission) ? 'yes' : 'no'))
    assert.equal(answers.join(' '), line)
  })
}

test('a permission that nobody knows is nobody’s', () => {
  for (const who of people) assert.equal(may(who, 'toString' as Permission), false)
})
