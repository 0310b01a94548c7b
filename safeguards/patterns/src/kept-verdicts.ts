import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict } from './analyser.ts'

/** Verdicts in a folder, a file for each, by the digest of all that they depend on. */
export class KeptVerdicts {
  readonly #folder: string
  constructor(folder: string) {
    this.#folder = folder
  }

  async find(source: string, flags: string): Promise<Verdict | undefined> {
    try {
      return JSON.parse(await readFile(this.#file(source, flags), 'utf8'))
    } catch {
      return undefined // Not there, or cut off while it was written: it is found out again.
    }
  }

  /** What was not decided is not kept: another time the machine may be quieter. */
  async keep(source: string, flags: string, verdict: Verdict): Promise<void> {
    if (verdict.verdict === 'unknown') return
    await mkdir(this.#folder, { recursive: true })
    const file = this.#file(source, flags)
    // Of its own: another analysis of the same expression may be written at the same time, in this process too.
    const writing = `${file}.${randomUUID()}`
    await writeFile(writing, JSON.stringify(verdict))
    await rename(writing, file)
  }

  #file(source: string, flags: string): string {
    const digest = createHash('sha256')
      .update(JSON.stringify([rulesOfTheGame, source, flags]))
      .digest('hex')
    return join(this.#folder, `${digest.slice(0, 40)}.json`)
  }
}

/** To be raised with another version of the analyser or another form of the verdict: kept ones then count no more. */
const rulesOfTheGame = 'recheck 4.5.0, 3'
