import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { anotherLibrary } from '../../test/backup-fixtures.ts'
import { digestOf } from './files.ts'
import { keepSecond } from './keep-second.ts'
import { type Manifest, readManifest, writeManifest } from './manifest.ts'
import { listBackups, writeProof } from './place.ts'
import { startSecond, toSecond } from './to-second.ts'

const ours = '00000000-0000-4000-8000-00000000000a'

const signal = new AbortController().signal

/** A folder of backups, and a second one that is not there yet. */
async function folders() {
  const path = await mkdtemp(join(tmpdir(), 'bibby-second-'))
  const task = {
    backups: join(path, 'first'),
    second: join(path, 'disk', 'second'),
    libraryId: ours,
    keep: 3,
    onlyLog: false,
  }
  return {
    path,
    task,
    names: async () => (await listBackups(task.second)).map(({ name, state }) => `${name} ${state}`),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** A backup of one small file, of this day of March 2026. */
async function backup(backups: string, day: number, { libraryId = ours, isProven = true } = {}) {
  const name = `2026-03-0${day}T02-00-00Z`
  const folder = join(backups, name)
  await mkdir(join(folder, 'tables'), { recursive: true })
  const path = 'tables/title.copy.zst'
  await writeFile(join(folder, path), `The titles of day ${day}`)
  const files = [{ path, part: 'tables', ...(await digestOf(join(folder, path))) }]
  const takenAt = `2026-03-0${day}T02:00:00.000Z`
  await writeManifest(folder, {
    format: 1,
    name,
    libraryId,
    takenAt,
    base: null,
    files,
  } as unknown as Manifest)
  const manifestSha256 = (await readManifest(folder)).sha256
  const proof = { manifestSha256, at: takenAt, recoverySeconds: 1, isBaseProven: false, baseBecause: 'none' }
  if (isProven) await writeProof(folder, proof)
  return join(folder, path)
}

/** A file of the log, as the archive has it. */
async function segment(backups: string, number: number): Promise<string> {
  const archive = join(backups, 'wal', '7')
  await mkdir(archive, { recursive: true })
  return join(archive, `${String(number).padStart(24, '0')}.${'a'.repeat(64)}.zst`)
}

test('what could not be copied to the second folder is copied by a later run: what is proven, the newest first', async () => {
  await using at = await folders()
  const { backups, second } = at.task
  const altered = await backup(backups, 1)
  await backup(backups, 2, { isProven: false })
  await backup(backups, 3, { libraryId: anotherLibrary })
  await backup(backups, 4)
  await writeFile(await segment(backups, 1), 'log')
  await writeFile(join(at.path, 'disk'), 'no folder')
  await assert.rejects(
    toSecond(at.task, signal),
    /could not be copied to .*: ENOTDIR.* copies what is missing/,
  )
  await rm(join(at.path, 'disk'))

  // The newest is there although an older one cannot be copied.
  const asWritten = await readFile(altered, 'utf8')
  await writeFile(altered, asWritten.replace('The', 'the'))
  await assert.rejects(
    toSecond(at.task, signal),
    /2026-03-01T02-00-00Z was proven, .* came out as something else/,
  )
  assert.deepEqual(await at.names(), ['2026-03-04T02-00-00Z proven'])
  await writeFile(altered, asWritten)
  await mkdir(join(second, `2026-03-09T02-00-00Z.partial-${ours}-999999999`))
  await rm(join(second, '2026-03-04T02-00-00Z', 'tables'), { recursive: true })
  assert.deepEqual(await at.names(), ['2026-03-04T02-00-00Z damaged'])
  await toSecond(at.task, signal)
  assert.deepEqual(await at.names(), ['2026-03-04T02-00-00Z proven', '2026-03-01T02-00-00Z proven'])
  assert.deepEqual((await readdir(second)).toSorted(), [
    '2026-03-01T02-00-00Z',
    '2026-03-04T02-00-00Z',
    'wal',
  ])
  assert.deepEqual(await readdir(join(second, 'wal', '7')), await readdir(join(backups, 'wal', '7')))
})

test('a second folder whose disk hangs holds nobody up: it is told once, and tried again', async () => {
  await using at = await folders()
  const { backups, second } = at.task
  await backup(backups, 1)
  const file = await segment(backups, 2)
  // Opening it never returns, as any call to a network disk that is gone.
  execFileSync('mkfifo', [file])
  const told: string[] = []
  const place = { ...at.task, dataFolder: at.path, keepsLog: true }
  await using kept = keepSecond({ backups: place, warn: (text) => told.push(text), hungMs: 1_500 })
  const first = kept.round()
  await kept.round()
  assert.deepEqual(told, [], 'a round waits for none that is under way')
  await first
  assert.match(
    told.join(),
    /^The log is not in the second folder: The disk of .* hangs: it took nothing for 1\.5 s\./,
  )
  await rm(file)
  await writeFile(file, 'log')
  await kept.round()
  assert.equal(told.length, 1)
  assert.equal((await readdir(join(second, 'wal', '7'))).filter((name) => !name.startsWith('.')).length, 1)

  await mkdir(join(second, '2026-03-02T02-00-00Z'))
  execFileSync('mkfifo', [join(second, '2026-03-02T02-00-00Z', 'manifest.json')])
  const hung = startSecond(at.task, 1_500)
  await assert.rejects(hung.ended, /hangs/)
  await hung.gone
})
