import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { temporaryHome } from '../test/bibby-process.ts'

const schedOther = '0'
/** Of /proc/PID/stat, after the name in parentheses: `policy` is the 41st of all. Source: proc_pid_stat(5). */
const policyAfterName = 38
const niceAfterName = 16

test('the sessions of the database stand behind Bibby, which all of them wait for, and searches behind the desks', {
  skip: process.platform === 'linux' ? false : 'Linux is needed',
}, async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  const address = await bibby.ready
  // A machine that has much to do puts readers off until it has answered the desks.
  const isFound = async () => (await fetch(`${address}search?query=a`)).ok
  assert.ok(await comesTo(isFound))
  const db = await home.connect()
  const { rows: sessions } = await db.query<{ pid: number; name: string }>(
    "select pid, application_name as name from pg_stat_activity where application_name in ('bibby-catalogue', 'bibby-search')",
  )
  const pools = new Set(sessions.map(({ name }) => name))
  assert.equal(pools.size, 2, [...pools].join())
  for (const { pid, name } of sessions) {
    const niceness = name === 'bibby-search' ? '15' : '10'
    assert.ok(await comesTo(async () => (await weightsOf(pid)).every((nice) => nice === niceness)), name)
    // In batches a desk would wait for the turn of a search to end; idle, a search would starve beside any other program.
    assert.equal(await policyOf(pid), schedOther)
  }
  assert.equal(await policyOf(bibby.pid), schedOther)
  assert.ok((await weightsOf(bibby.pid)).every((nice) => nice !== '10' && nice !== '15'))
  await db.end()
})

/** Whether it gets there in the time that Linux may make whoever is not root wait. */
async function comesTo(state: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (await state()) return true
    await wait(100)
  }
  return false
}

/** Niceness of the process, and of its group where the system has such. */
async function weightsOf(pid: number): Promise<string[]> {
  const nice = await afterName(pid, niceAfterName)
  const group = await readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => '')
  return [nice, /nice (-?\d{1,2})/.exec(group)?.[1]].filter((each) => each !== undefined)
}

const policyOf = (pid: number | undefined) => afterName(pid, policyAfterName)

async function afterName(pid: number | undefined, place: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[place]
}
