import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { faultyMailServer } from '../test/mail-server.ts'
import { aNotice, ask, noticeHome, short } from '../test/notice-home.ts'
import { openMemory } from './memory.ts'

const dayMs = 24 * 60 * 60_000
const begun = new Date('2026-03-02T10:00:00Z')
const later = (days: number) => () => new Date(begun.getTime() + days * dayMs)
const what = { digest: 'digest', host: 'library.example' }

test('ids are forgotten after 30 days, but for those that were tried last, whatever the clock says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-memory-'))
  const path = join(folder, 'memory')
  const at = async (days: number, use: (memory: Awaited<ReturnType<typeof openMemory>>) => Promise<void>) => {
    const memory = await openMemory(path, { clock: later(days), newestStay: 2 })
    await use(memory)
    await memory.close()
  }
  const known = (memory: Awaited<ReturnType<typeof openMemory>>) =>
    ['a', 'b', 'c', 'd'].filter((id) => memory.recall(id)).join('')
  await at(0, async (memory) => {
    for (const id of ['a', 'b', 'c']) await memory.trying(id, what)
    await memory.sent('b')
    await memory.trying('a', what)
  })
  await at(29, async (memory) => assert.equal(known(memory), 'abc'))
  // Tried again last, a stays; b was the first by now.
  await at(31, async (memory) => assert.equal(known(memory), 'ac'))
  await at(3_650, async (memory) => {
    assert.equal(known(memory), 'ac')
    assert.equal(memory.recall('a')?.tries, 2)
    await memory.trying('d', what)
  })
  await at(0, async (memory) => assert.equal(known(memory), 'acd', 'what is of the future is not old'))
  await at(40, async (memory) => assert.equal(known(memory), 'ad'))
  await rm(folder, { recursive: true, force: true })
})

test('a letter whose outcome is unknown does not go twice unnoticed when the clock is years ahead by then', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const env = { BIBBY_SMTP_URL: smtp.url }
  const notice = aNotice()
  const before = await home.start(env, { limits: short })
  smtp.act('end', 'keep-and-drop')
  assert.equal((await ask(before, notice)).body.code, 'outcome-unknown')
  await before.stop()
  smtp.act('end', undefined)
  const after = await home.start(env, { limits: short, clock: () => new Date('2099-01-01') })
  const { body } = await ask(after, notice)
  assert.deepEqual([body.outcome, body.repeated, body.tries], ['sent', true, 2])
})
