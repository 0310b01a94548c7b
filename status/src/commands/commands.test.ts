import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { statusHome } from '../../test/status-home.ts'

test('wrong words are refused with a guess and a code of their own', async () => {
  await using home = await statusHome()
  const refused = async (...words: string[]) => {
    const { code, stderr } = await home.command(...words)
    return `${code} ${stderr}`
  }
  assert.match(await refused('incidnt'), /^2 There is no command incidnt\. Was incident meant\?/)
  assert.match(await refused('incident', 'opne'), /^2 There is no verb of incidents opne\. Was open meant\?/)
  assert.match(await refused('show', '--jsn'), /^2 /)
  assert.match(await refused('incident', 'open', '--text', 'x'), /^3 --title is missing or empty/)
  assert.match(
    await refused('incident', 'open', '--title', 'T', '--text', '  '),
    /^3 --text is missing or empty/,
  )
  assert.match(
    await refused('incident', 'open', '--title', 'T', '--text', 'x'.repeat(5_001)),
    /^3 --text has 5001 characters; at most 5000/,
  )
  assert.match(
    await refused('incident', 'open', '--title', 'T', '--text', 'x', '--component', 'serch'),
    /^3 There is no component serch\. Was search meant\?/,
  )
  assert.match(
    await refused('incident', 'open', '--title', 'T', '--text', 'x', '--impact', 'grave'),
    /^2 There is no impact grave/,
  )
  assert.match(
    await refused('incident', 'update', 'nowhere', '--text', 'x'),
    /^3 There is no incident nowhere/,
  )
  assert.match(
    await refused('maintenance', 'plan', '--title', 'T', '--text', 'x', '--from', 'tomorrow'),
    /^3 --from must be a time with its zone/,
  )
  assert.match(await refused('probe'), /^78 report is missing/)
  assert.match(await refused('subscribe', 'add', 'nobody'), /^3 This is neither/)
})

test('settings that are wrong are told all at once, before anything is done', async () => {
  await using home = await statusHome()
  await home.configure({ intervalMs: 'often', colour: 'red' })
  const { code, stderr } = await home.command('check')
  assert.equal(code, 78)
  assert.match(stderr, /intervalMs must be/)
  assert.match(stderr, /no setting colour/)
})

test('init never writes over a file', async () => {
  await using home = await statusHome()
  const { code, stderr } = await home.command('init')
  assert.equal(code, 3)
  assert.match(stderr, /is there already/)
})

test('planned work is planned, begun, and refused what it cannot become', async () => {
  await using home = await statusHome()
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const later = new Date(Date.now() + 90_000_000).toISOString()
  const strip = (iso: string) => iso.replace(/\.\d{3}Z$/, 'Z')
  const planned = await home.command(
    'maintenance',
    'plan',
    '--title',
    'Move',
    '--text',
    'We move.',
    '--from',
    strip(tomorrow),
    '--to',
    strip(later),
    '--json',
  )
  assert.equal(planned.code, 0, planned.stderr)
  const { id } = JSON.parse(planned.stdout).maintenance as { id: string }
  assert.equal((await home.command('maintenance', 'complete', id, '--text', 'x')).code, 3)
  assert.equal((await home.command('maintenance', 'start', id.slice(0, 4), '--text', 'We begin.')).code, 0)
  assert.match((await home.command('maintenance', 'list')).stdout, /in-progress/)
})

test('what cannot be published anywhere is written all the same, and said', async () => {
  await using home = await statusHome({ publish: [{ kind: 'folder', name: 'here', folder: 'site' }] })
  await writeFile(home.site, 'a file where the folder should be')
  const { code, stderr } = await home.command('incident', 'open', '--title', 'T', '--text', 'x')
  assert.equal(code, 4)
  assert.match(stderr, /is written and nowhere published/)
  assert.equal(JSON.parse((await home.command('incident', 'list', '--json')).stdout).length, 1)
  const { incidents } = JSON.parse((await home.command('export')).stdout) as {
    incidents: { title: string }[]
  }
  assert.equal(incidents[0]?.title, 'T')
  await home.configure({
    page: { name: 'M', libraryUrl: 'http://a.example', staleAfterMs: 9_000 },
    publish: [{ kind: 'folder', name: 'here', folder: join(home.folder, 'other') }],
  })
  assert.equal((await home.command('incident', 'open', '--title', 'T2', '--text', 'x')).code, 0)
})
