import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Operation } from '@bibby/guard/operation.ts'
import type { Refusal } from '@bibby/guard/refusal.ts'
import type { Browser } from 'playwright-core'
import { haltNow } from '../src/halt/halt.ts'
import { withdrawCopies } from '../src/operations/withdraw-copies.ts'
import { sql } from '../src/postgres/sql.ts'
import { aBrowser, noChromium } from './browser.ts'
import { aCopy, aTitle } from './library-fixtures.ts'
import { lookAt, type Seeing } from './look.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aMailbox, carriedOut, codeIn } from './operation-fixtures.ts'

const titles = ['Emma', 'دعاء الكروان', '雪国', 'The Surprising Adventures of Baron Munchausen', 'Палата № 6']

test('the pages of what destroys can be read by everybody, in each state of an operation', {
  skip: noChromium,
}, async () => {
  const { mails, sendDirect } = aMailbox()
  await using at = await anOpenLibrary({ sendDirect })
  await using browser = await aBrowser()
  const states: Seeing['states'] = new Map()
  states.set('operator', await signedIn(browser, at))
  const by = await byOf(at)
  await fill(at)
  const { guard } = at.library.operations
  const plan = async (shelf: string) => {
    const given = { branch: null, shelf, itemType: null, barcodes: null, because: 'Worn & <torn>' }
    return guard.plan(withdrawCopies, { by, id: randomUUID(), given })
  }

  const planned = plannedOf(await plan('planned'))
  const armed = plannedOf(await plan('armed'))
  await guard.sendCode({ by, id: armed.id })
  const wrong = await guard.confirm({ by, id: armed.id, phrase: armed.phrase ?? '', code: 'ZZZZ-ZZZZ' })
  assert.ok('refused' in wrong && codeIn(mails) !== 'ZZZZ-ZZZZ')
  const done = await carriedOut(at.library, plannedOf(await plan('done')), mails)
  const undone = await carriedOut(at.library, plannedOf(await plan('undone')), mails)
  await guard.undo({ by, id: undone.id })
  await at.library.operations.work(undone.id)
  const changed = plannedOf(await plan('changed'))
  await at.db.rows(sql`update copy set version = version + 1 where shelf = 'changed'`)
  await carriedOut(at.library, changed, mails)
  await at.db.rows(sql`update copy set in_transit_to = branch_id where shelf = 'lent'`)
  const inTheWay = await plan('lent')
  assert.ok('refused' in inTheWay)
  const [refused] = await guard.list({ atMost: 1, states: ['refused'] })

  const shots = {
    operations: '/operations',
    'operation-planned': `/operations/${planned.id}`,
    'operation-armed': `/operations/${armed.id}`,
    'operation-done': `/operations/${done.id}`,
    'operation-undone': `/operations/${undone.id}`,
    'operation-changed': `/operations/${changed.id}`,
    'operation-refused': `/operations/${refused?.id}`,
    'withdraw-copies': '/operations/withdraw-copies',
    'edit-copies': '/operations/edit-copies',
    'delete-all-books': '/operations/delete-all-books',
    halt: '/halt',
  }
  assert.deepEqual(await lookAt(browser, { address: at.address, states }, { operator: shots }), [])

  const now = { actor: by, key: randomUUID(), occurredAt: at.library.clock(), instance: 'look' }
  await haltNow(at.db, now, { reason: 'Cards are read twice at the desk' })
  const halted = { 'halt-halted': '/halt', 'desk-halted': '/desk' }
  assert.deepEqual(await lookAt(browser, { address: at.address, states }, { operator: halted }), [])
})

/** Copies in several scripts on a shelf for each thing that may become of them, and many more that stay. */
async function fill(at: OpenLibrary): Promise<void> {
  const places = { branchId: at.branchId, itemTypeId: at.itemTypeId }
  for (const shelf of ['planned', 'armed', 'done', 'undone', 'changed', 'lent']) {
    for (const title of titles) {
      const { titleId } = await aTitle(at.db, { title })
      const copies = [await aCopy(at.db, { ...places, titleId }), await aCopy(at.db, { ...places, titleId })]
      await at.db.rows(sql`update copy set shelf = ${shelf} where id = ${copies[0]?.copyId}`)
    }
  }
  await at.db.rows(sql`
    insert into copy (title_id, barcode, branch_id, item_type_id)
    select title_id, 'stays-' || n, branch_id, item_type_id
    from generate_series(1, 200) as n, (select * from copy order by id limit 1) as one
  `)
}

function plannedOf(told: { readonly planned: Operation } | Refusal): Operation {
  assert.ok('planned' in told, JSON.stringify(told))
  return told.planned
}

async function byOf({ db }: OpenLibrary): Promise<string> {
  const [operator] = await db.rows<{ id: number }>(sql`
    update staff set email = 'operator@example.org' where role = 'operator' returning id
  `)
  return `staff:${operator?.id}`
}

async function signedIn(browser: Browser, at: OpenLibrary) {
  const login = await at.staff('operator')
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${at.address}/sign-in?kind=staff`)
  await page.locator('#staff-account').fill(login)
  await page.locator('#staff-password').fill(pagePassword)
  await page.keyboard.press('Enter')
  await page.getByText('Sign out').waitFor()
  const state = await context.storageState()
  await context.close()
  return state
}
