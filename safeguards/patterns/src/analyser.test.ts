import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startAnalyser } from './analyser.ts'
import { KeptVerdicts } from './kept-verdicts.ts'

test('a pattern is safe, or vulnerable with an attack, or unknown; never waved through', async () => {
  await using analyser = startAnalyser({ limitMs: 20_000 })
  assert.deepEqual(await analyser.analyse('^[0-9]{14}$', ''), { verdict: 'safe' })
  const nested = await analyser.analyse('^(a+)+$', '')
  assert.ok(nested.verdict === 'vulnerable')
  assert.match(nested.attack, /^a{10,}/)
  assert.equal(nested.complexity, 'exponential')
  const cloudflare = await analyser.analyse('.*(?:.*=.*)', '')
  assert.equal(cloudflare.verdict, 'vulnerable')
  assert.deepEqual(await analyser.analyse('(', ''), { verdict: 'unknown', because: 'not-understood' })
})

test('an analysis that takes too long is unknown', async () => {
  await using analyser = startAnalyser({ limitMs: 1 })
  const hard = await analyser.analyse('^(?:[a-z]{1,40}x?){1,40}(?:[a-y]{1,40}y?){1,40}(?:[b-z]{1,40})*$', '')
  assert.deepEqual(hard, { verdict: 'unknown', because: 'time' })
})

test('a queue that is full is unknown at once', async () => {
  await using analyser = startAnalyser({ limitMs: 20_000, queueMost: 1 })
  const [first, second] = await Promise.all([analyser.analyse('^a$', ''), analyser.analyse('^b$', '')])
  assert.deepEqual(first, { verdict: 'safe' })
  assert.deepEqual(second, { verdict: 'unknown', because: 'busy' })
})

test('a kept verdict is given again, a damaged one is found out anew, and an undecided one is not kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-verdicts-'))
  try {
    await using analyser = startAnalyser({ limitMs: 20_000, keptIn: folder })
    const found = await analyser.analyse('^(b+)+$', '')
    await analyser.analyse('(', '')
    const [file, ...others] = await readdir(folder)
    assert.ok(file !== undefined && others.length === 0)

    await using silent = startAnalyser({ limitMs: 20_000, queueMost: 0, keptIn: folder })
    assert.deepEqual(await silent.analyse('^(b+)+$', ''), found)
    assert.deepEqual(await silent.analyse('^(b+)+$', 'i'), { verdict: 'unknown', because: 'busy' })

    await writeFile(join(folder, file), '{"verdict":"sa')
    assert.equal((await analyser.analyse('^(b+)+$', '')).verdict, 'vulnerable')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a verdict that is kept many times at once is kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-verdicts-'))
  try {
    const kept = new KeptVerdicts(folder)
    await Promise.all(Array.from({ length: 20 }, () => kept.keep('^a$', '', { verdict: 'safe' })))
    assert.deepEqual(await kept.find('^a$', ''), { verdict: 'safe' })
    assert.equal((await readdir(folder)).length, 1)
  } finally {
    await rm(folder, { recursive: true })
  }
})
