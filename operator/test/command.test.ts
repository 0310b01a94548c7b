import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { type Home, signIn, temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { scratchDatabase } from '@bibby/lending/test/scratch-database.ts'
import { command } from './command.ts'

type Ran = { code: number; out: string; talk: string }

/** Runs the command as a person would; it must end by itself. */
function bibby(
  home: Home,
  words: readonly string[],
  env: Record<string, string> = {},
  typed = '',
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...command, ...words],
      { env: { PATH: '/usr/bin:/bin', BIBBY_DATA: home.data, ...env }, cwd: dirname(home.data) },
      (error, out, talk) => resolve({ code: error ? Number(error.code) : 0, out, talk }),
    )
    child.stdin?.end(typed)
  })
}

async function json<Answer>(
  home: Home,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Answer> {
  const { code, out, talk } = await bibby(home, ['--json', ...words], env)
  assert.equal(code, 0, `${words.join(' ')}: ${talk}`)
  return JSON.parse(out) as Answer
}

test('the whole of lending goes by command, beside a running Bibby', async () => {
  await using home = await temporaryHome()
  const running = home.start({ BIBBY_SAMPLE: 'yes' })
  const address = await running.ready

  const add = ['--family', 'Liddell', '--category', 'adult', '--branch', 'main']
  const { card: first } = await json<{ card: string }>(home, ['patron', 'add', '--given', 'Alice', ...add])
  const { card: second } = await json<{ card: string }>(home, ['patron', 'add', '--given', 'Edith', ...add])
  const found = await json<{ titles: { titleId: number }[] }>(home, ['search', 'Emma', 'Austen'])
  const titleId = found.titles[0]?.titleId ?? 0
  await json(home, ['copy', 'add', String(titleId), 'CMD-1', '--branch', 'main', '--type', 'book'])

  const lent = await bibby(home, ['lend', first, 'CMD-1', '--branch', 'main'])
  assert.match(lent.out, /^Lent “Emma” \(CMD-1\) to Alice Liddell, due \d{4}-\d{2}-\d{2}\.\n$/)
  assert.equal(lent.talk, '')

  const again = await bibby(home, ['lend', second, 'CMD-1', '--branch', 'main'])
  assert.equal(again.code, 3)
  assert.equal(again.out, '')
  assert.match(again.talk, /^The copy is on loan\. .*\(copy-on-loan\)\n$/)

  const renewed = await bibby(home, ['renew', 'CMD-1'])
  assert.equal(renewed.code, 3)
  assert.match(renewed.talk, /\(due-date-not-later\)\n$/)

  const held = await json<{ holdId: number }>(home, [
    'hold',
    'place',
    second,
    String(titleId),
    '--pickup',
    'main',
  ])
  assert.equal((await bibby(home, ['hold', 'suspend', String(held.holdId)])).code, 0)
  assert.equal((await bibby(home, ['hold', 'resume', String(held.holdId)])).code, 0)
  const holds = await bibby(home, ['hold', 'list', second])
  assert.match(holds.out, /waiting \(1\) .* Emma\n$/)

  const returned = await bibby(home, ['return', 'CMD-1', '--branch', 'main'])
  assert.match(returned.out, /Put it on the hold shelf for Edith Liddell/)
  assert.equal((await bibby(home, ['hold', 'cancel', String(held.holdId)])).code, 0)

  const explain = ['rules', 'explain', '--card', first, '--barcode', 'CMD-1']
  const explained = await bibby(home, explain)
  assert.match(explained.out, /Lent now at .* \(main\) it would be due/)
  assert.equal((await bibby(home, [...explain, '--branch', 'main'])).out, explained.out)
  assert.match((await bibby(home, [...explain, '--branch', 'nowhere'])).talk, /\(branch-unknown\)\n$/)

  const people = join(dirname(home.data), 'people.csv')
  await writeFile(people, 'card,surname,category,branch\nP-1,Woodhouse,adult,main\n,Nobody,adult,main\n')
  const looked = await bibby(home, ['patron', 'import', people, '--preview'])
  assert.match(
    looked.out,
    /^1 new, 0 updated, 0 unchanged, 1 not taken\. Nothing has changed\.\n {2}line 3: /,
  )
  assert.equal((await bibby(home, ['patron', 'show', 'P-1'])).code, 3)
  const taken = await bibby(home, ['patron', 'import', people])
  assert.match(taken.out, /^2 read = 1 registered \+ 0 updated \+ 0 unchanged \+ 1 rejected\./)
  assert.equal((await bibby(home, ['patron', 'show', 'P-1'])).code, 0)

  const plan = await bibby(home, ['patron', 'merge', second, '--into', first])
  assert.match(plan.out, /goes away: Edith Liddell.*\n.*Nothing has changed/s)
  assert.equal((await bibby(home, ['patron', 'show', second])).code, 0)
  const [seen = ''] = /--seen \d+,\d+/.exec(plan.out) ?? []
  const guessed = await bibby(home, ['patron', 'merge', second, '--into', first, '--seen', '8,9'])
  assert.match(guessed.talk, /\(version-stale\)/)
  const merged = await bibby(home, ['patron', 'merge', second, '--into', first, ...seen.split(' ')])
  assert.ok(merged.out.startsWith(`Card ${second} is merged into ${first}: `), merged.out + merged.talk)
  assert.match((await bibby(home, ['patron', 'show', second])).talk, /\(patron-merged\)/)

  const journal = await json<{ entries: { actor: string }[] }>(home, ['journal', '--barcode', 'CMD-1'])
  assert.ok(journal.entries.length >= 3)
  assert.equal(journal.entries[0]?.actor, 'staff:0')

  const intact = await bibby(home, ['audit', 'verify'])
  assert.equal(intact.code, 0, intact.talk)
  assert.match(intact.out, /^The journal is as it was written\.\n/)

  const file = join(dirname(home.data), 'catalogue.csv')
  const written = await bibby(home, ['export', '--format', 'csv', '--with-copies', '--to', file])
  assert.equal(written.talk, `Written to ${file}. Titles and their copies.\n`)
  assert.match(await readFile(file, 'utf8'), /,CMD-1,main,book,/)

  const token = await signIn(address, home.data, 'desk')
  const remote = { BIBBY_SERVER: address, BIBBY_TOKEN: token }
  const shown = await json<{ card: string }>(home, ['patron', 'show', first], remote)
  assert.equal(shown.card, first)
  const barred = await bibby(home, ['imports'], remote)
  assert.equal(barred.code, 3, 'the desk may not import')

  running.kill('SIGTERM')
  assert.equal((await running.ended).code, 0)
})

test('an operator at the machine keeps settings and staff by command, and no password is an argument', async () => {
  await using home = await temporaryHome()
  const running = home.start()
  const address = await running.ready
  const kept = ['--name', 'Our library', '--hold-shelf-days', '3', '--block-at', '2.5']
  assert.match((await bibby(home, ['settings', 'set', ...kept])).out, /^debt that stops lending {9}2\.50$/m)
  assert.match((await bibby(home, ['settings'])).out, /^name {28}Our library\ncurrency {24}EUR\ndays.* 3$/m)
  assert.equal((await bibby(home, ['settings', 'set', '--block-at', 'much'])).code, 2)

  const staff = (words: readonly string[], typed = '') => bibby(home, ['staff', ...words], {}, typed)
  const account = ['--name', 'Ruth', '--role', 'desk', '--branch', 'main']
  const none = await staff(['add', 'ruth', ...account])
  assert.equal(none.code, 1)
  assert.match(none.talk, /^No password was given/)
  assert.equal(
    (await staff(['add', 'ruth', ...account], 'first of many words\nmore\n')).out,
    'ruth may sign in.\n',
  )
  assert.match((await staff(['list'])).out, /^ruth {6}desk {6}main {2}Ruth$/m)
  assert.equal((await staff(['edit', 'ruth', '--role', 'manager'])).code, 0)
  assert.match((await staff(['list'])).out, /^ruth {6}manager/m)

  const operator = await signIn(address, home.data, 'operator')
  const opens = (password: string) =>
    fetch(new URL('/api/v1/sessions', address), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'staff', account: 'ruth', password }),
    }).then(({ status }) => status)
  assert.equal(await opens('first of many words'), 201)
  const set = await staff(['password', 'ruth'], 'second of many words')
  assert.equal(set.out, 'The password of ruth is set; 1 session ended.\n')
  assert.equal(await opens('first of many words'), 401)
  assert.equal(await opens('second of many words'), 201)
  assert.equal((await staff(['remove', 'ruth'])).out, 'ruth is removed; 1 session ended.\n')
  assert.equal(await opens('second of many words'), 401)
  assert.match((await staff(['list', '--removed'])).out, /^ruth {2}manager/)
  assert.equal((await staff(['restore', 'ruth'])).out, 'ruth is back, and may sign in.\n')
  assert.equal(await opens('second of many words'), 201)
  const last = await staff(['remove', 'operator'])
  assert.equal(last.code, 3)
  assert.match(last.talk, /Add another operator first/)

  const branch = { code: 'far', name: 'A branch far away', timeZone: 'Pacific/Chatham', closedWeekdays: [] }
  const added = await fetch(new URL('/api/v1/branches', address), {
    method: 'POST',
    headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
    body: JSON.stringify(branch),
  })
  assert.equal(added.status, 201, await added.text())
  type Entries = { entries: { recordedAt: string; actor: string; action: string }[] }
  const { entries } = await json<Entries>(home, ['journal', '--limit', '20'])
  // A sweep may have written since.
  const { recordedAt = '', actor = '' } = entries.find(({ action }) => action === 'add-branch') ?? {}
  assert.match(recordedAt, /Z$/)
  const [day, time] = new Date(recordedAt).toLocaleString('sv', { timeZone: 'Pacific/Chatham' }).split(' ')
  const latest = ['journal', '--actor', actor, '--limit', '1']
  const onTheWall = await bibby(home, latest)
  assert.ok(onTheWall.out.startsWith(`${day} ${time} Pacific/Chatham  `), onTheWall.out)
  const atTheirs = await bibby(home, latest, {
    BIBBY_SERVER: address,
    BIBBY_TOKEN: operator,
  })
  assert.equal(atTheirs.code, 0)
  assert.doesNotMatch(atTheirs.out, /Chatham/)
})

test('without a running Bibby a verb starts the database and stops it again', async () => {
  await using home = await temporaryHome()
  await founded(home)
  const { code, out } = await bibby(home, ['status'])
  assert.equal(code, 0)
  assert.match(out, /^UP: database UP/)
  assert.equal(await home.serverPid(), undefined)

  const csv = join(dirname(home.data), 'books.csv')
  await writeFile(csv, 'title,authors,year\nMomo,"Ende, Michael",1973\n,"Nobody",1900\n')
  const preview = await bibby(home, ['import', csv, '--preview'])
  assert.equal(preview.code, 0, preview.talk)
  const set = await json<Record<string, number>>(home, ['import', csv])
  assert.deepEqual([set.recordsRead, set.imported, set.rejected], [2, 1, 1])
  const again = await json<Record<string, number>>(home, ['import', csv])
  assert.deepEqual([again.recordsRead, again.unchanged, again.rejected], [2, 1, 1])

  const rejects = join(dirname(home.data), 'rejects.csv')
  const written = await bibby(home, ['rejects', String(set.changeSetId), '--to', rejects])
  assert.equal(written.code, 0)
  assert.match(written.talk, /record 2: It has no title\.$/m)
  assert.match(await readFile(rejects, 'utf8'), /Nobody/)
  assert.equal(
    (await bibby(home, ['rejects', String(set.changeSetId), '--to', rejects])).code,
    1,
    'not overwritten',
  )

  const exported = await bibby(home, ['export', '--format', 'csv'])
  assert.match(exported.out, /Momo/)
  const undone = await json<{ undone: number }>(home, ['undo', String(set.changeSetId)])
  assert.equal(undone.undone, 1)
  assert.match((await bibby(home, ['search', 'Momo'])).out, /^Nothing found\./)
})

test('what cannot be read or written is told in a sentence, and no verb waits for ever', async () => {
  await using home = await temporaryHome()
  await founded(home)
  const folder = dirname(home.data)
  const csv = join(folder, 'many.csv')
  const rows = Array.from({ length: 3_000 }, (_, n) => `${n},Title ${n} of a long row of titles,Author ${n}`)
  await writeFile(csv, `id,title,author\n${rows.join('\n')}\n`)
  assert.equal((await json<{ imported: number }>(home, ['import', csv, '--source', 'us'])).imported, 3_000)
  const kept = await bibby(home, ['export', '--format', 'csv', '--to', csv])
  assert.deepEqual([kept.code, kept.talk], [1, `${csv} is there already. Name a new file.\n`])
  const absent = await bibby(home, ['import', join(folder, 'absent.csv')])
  assert.deepEqual(
    [absent.code, absent.talk],
    [1, `There is no ${join(folder, 'absent.csv')}. Look at how it is spelled.\n`],
  )
  assert.equal((await bibby(home, ['import', folder])).talk, 'That is a folder. Name a file.\n')
  const nowhere = await bibby(home, ['export', '--format', 'csv', '--to', join(folder, 'no', 'file')])
  assert.deepEqual(
    [nowhere.code, nowhere.talk],
    [1, `The folder ${join(folder, 'no')} is not there. Make it, or name a file in another one.\n`],
  )
  const inFile = await bibby(home, ['import', join(csv, 'x')])
  assert.match(inFile.talk, /^A part of \S+ is a file, not a folder\. [^\n]+\n$/)
  const people = join(folder, 'people.csv')
  await writeFile(people, 'card,phone\n1,2\n')
  const columns = await bibby(home, ['patron', 'import', people])
  assert.equal(columns.code, 2)
  assert.match(
    columns.talk,
    /Missing: familyName, category, branch\. The file has: card, phone\..*\(columns-missing\)\n$/,
  )
  const none = await bibby(home, ['rejects', '999', '--to', join(folder, 'none')])
  assert.equal(none.code, 3)
  await assert.rejects(readFile(join(folder, 'none')), { code: 'ENOENT' })
})

test('misuse exits with 2 and says what to type', async () => {
  await using home = await temporaryHome()
  const unknown = await bibby(home, ['lned', '1', '2'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.talk, /Did you mean lend\?/)
  const missing = await bibby(home, ['lend', '1', '2'])
  assert.equal(missing.code, 2)
  assert.match(missing.talk, /--branch/)
  const setting = await bibby(home, ['status'], { BIBBY_PROT: '1' })
  assert.equal(setting.code, 2)
  assert.match(setting.talk, /BIBBY_PORT/)
})

test('where there is no library yet a verb says so and makes none', async () => {
  await using home = await temporaryHome()
  for (const make of [async () => undefined, () => mkdir(home.data)]) {
    await make()
    const { code, out, talk } = await bibby(home, ['lend', '1', '2', '--branch', 'main'])
    assert.deepEqual([code, out], [3, ''])
    assert.equal(
      talk,
      `There is no library in ${home.data} yet. npm start makes one; or name the place of yours by BIBBY_DATA, BIBBY_DATABASE_URL or --server.\n`,
    )
    assert.deepEqual(await readdir(home.data).catch(() => []), [])
  }
  await using db = await scratchDatabase()
  const { host, user } = db.connection
  const empty = { BIBBY_DATABASE_URL: `postgresql://${user}@${encodeURIComponent(host)}/postgres` }
  const theirs = await bibby(home, ['search', 'Emma'], empty)
  assert.equal(theirs.code, 3)
  assert.match(theirs.talk, /^There is no library in the database that BIBBY_DATABASE_URL names yet\./)
})

test('an address that is none is misuse, and one where nobody answers is said in a sentence', async () => {
  await using home = await temporaryHome()
  for (const address of ['notaurl', 'ftp://127.0.0.1', 'localhost:8080']) {
    const { code, talk } = await bibby(home, ['--server', address, 'search', 'Emma'])
    assert.deepEqual([code, talk], [2, '--server must be a web address, such as http://127.0.0.1:8080.\n'])
  }
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  const nobody = await bibby(home, ['--server', `http://127.0.0.1:${port}`, 'search', 'Emma'])
  assert.deepEqual(
    [nobody.code, nobody.talk],
    [1, `No Bibby answers at 127.0.0.1:${port}. Start it there, or give another --server.\n`],
  )
})

/** A library that was started once and stopped again. */
async function founded(home: Home): Promise<void> {
  const bibbyHere = home.start()
  await bibbyHere.ready
  bibbyHere.kill('SIGTERM')
  assert.equal((await bibbyHere.ended).code, 0)
}
