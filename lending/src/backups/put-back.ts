import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readHeads } from '../journal/audit-heads.ts'
import { parsedMark, type RestoredMark } from '../journal/restored-mark.ts'
import { writeWhole } from './files.ts'
import type { Span } from './reach.ts'

const noteName = /^[0-9a-f]{8}\.restored\.json$/

/**
 * Writes beside the log when the library was put back, and to which second, for a day on which the data folder that knows
 * it is gone.
 */
export async function keepPutBacks(
  archive: string,
  { dataFolder, libraryId }: { readonly dataFolder: string; readonly libraryId: string },
): Promise<void> {
  const marks = await marksIn(dataFolder)
  if (marks.length === 0) return
  await mkdir(archive, { recursive: true, mode: 0o700 })
  const there = await readdir(archive)
  for (const mark of marks) {
    const name = `${mark.restored}.restored.json`
    if (!there.includes(name)) {
      await writeWhole(join(archive, name), `${JSON.stringify({ libraryId, ...mark })}\n`)
    }
  }
}

/** The spans of a library's past that were given up when it was put back, by what is noted in its data and its log. */
export async function givenUpOf(
  backups: string,
  library: {
    readonly libraryId: string /** Undefined where it is another's. */
    readonly dataFolder: string | undefined
  },
): Promise<readonly Span[]> {
  const noted = new Map<string, RestoredMark>()
  for (const systemId of await readdir(join(backups, 'wal')).catch(() => [])) {
    const archive = join(backups, 'wal', systemId)
    for (const name of (await readdir(archive).catch(() => [])).filter((each) => noteName.test(each))) {
      const text = await readFile(join(archive, name), 'utf8')
      const mark = parsedMark(text)
      if (mark && text.includes(`"${library.libraryId}"`)) noted.set(mark.restored, mark)
    }
  }
  if (library.dataFolder !== undefined) {
    for (const mark of await marksIn(library.dataFolder)) noted.set(mark.restored, mark)
  }
  return givenUp([...noted.values()].map(({ to, at }) => ({ toMs: Date.parse(to), atMs: Date.parse(at) })))
}

async function marksIn(dataFolder: string): Promise<readonly RestoredMark[]> {
  const marks: RestoredMark[] = []
  for await (const { mark } of readHeads(dataFolder)) if (mark) marks.push(mark)
  return marks
}

/**
 * What is not of the present history: each restore gave up what had been since the second that it went back to. One that
 * was given up itself gave up nothing of it.
 */
export function givenUp(
  restores: readonly { readonly toMs: number; readonly atMs: number }[],
): readonly Span[] {
  const spans: Span[] = []
  let presentFrom = Number.POSITIVE_INFINITY
  for (const { toMs, atMs } of restores.toSorted((a, b) => b.atMs - a.atMs)) {
    if (atMs >= presentFrom) continue
    spans.unshift({ fromMs: toMs, untilMs: atMs })
    presentFrom = toMs
  }
  return spans
}

/** The span that gave up this moment, if one did. The second that was gone back to is of both histories. */
export function givenUpAt(spans: readonly Span[], ms: number): Span | undefined {
  return spans.find(({ fromMs, untilMs }) => fromMs < ms && ms < untilMs)
}
