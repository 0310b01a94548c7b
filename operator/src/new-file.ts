import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemCode } from '@bibby/lending/start-error.ts'

/**
 * Writes what is asked for to a new file. The file is made first: an answer that nobody takes would keep the library
 * waiting. Where it fails, nothing half-written is left.
 */
export async function writeNewFile(
  path: string,
  ask: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  const file = await open(path, 'wx').catch((cause: unknown) => {
    if (systemCode(cause) !== 'ENOENT') throw cause
    throw new Error(`The folder ${dirname(path)} is not there. Make it, or name a file in another one.`)
  })
  try {
    await pipeline(Readable.from(await ask()), file.createWriteStream())
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(path, { force: true })
    throw error
  }
}
