import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Playable } from './drill.ts'
import { playAll } from './programme.ts'
import { turnsOn } from './screen.ts'

const row = ([...'abc', 'W', 'd', 'V'] as const).map((name) => ({
  name,
  judgedBy: name === name.toUpperCase() ? 'waits' : 'counts',
})) as unknown as readonly Playable[]

test('drills judged by counts are played two at a time, and those judged by waits alone, after them', async () => {
  const atOnce: string[] = []
  const under = new Set<string>()
  const names = await playAll(row, {
    signal: new AbortController().signal,
    play: async ({ name }) => {
      under.add(name)
      atOnce.push([...under].join(''))
      await Promise.resolve()
      under.delete(name)
      return name
    },
  })
  assert.deepEqual(names, [...'abcdWV'])
  assert.ok(atOnce.every((names) => names.length <= 2) && atOnce.includes('ab'), atOnce.join())
  assert.ok(atOnce.includes('W') && atOnce.includes('V'), atOnce.join())
})

test('after it was stopped none is begun', async () => {
  const stop = new AbortController()
  const names = await playAll(row, {
    signal: stop.signal,
    play: async ({ name }) => {
      stop.abort()
      return name
    },
  })
  assert.deepEqual(names, ['a'])
})

test('who writes second on a screen is shown when the first has ended, in a piece', () => {
  let shown = ''
  const next = turnsOn({ write: (text) => (shown += text), isTTY: true })
  const [first, second, third] = [next(), next(), next()]
  assert.equal(second.isTTY, true)
  second.write('b')
  first.write('a')
  third.write('c')
  third.ends()
  assert.equal(shown, 'a')
  first.ends()
  second.write('B')
  assert.equal(shown, 'abB')
  second.ends()
  assert.equal(shown, 'abBc')
})
