import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemCode } from '@bibby/lending/start-error.ts'

/** What a shell says of a program that SIGPIPE ended: nobody read its answer to the end. */
const unread = 141

/**
 * Sees to it that a reader who leaves, as `head` does, ends no verb halfway and costs no word: what was asked for is
 * done, and no more is said. An answer that cannot be written for another reason is told.
 */
export function mindTheReader(talk: (text: string) => void): void {
  const { stdout, stderr } = process
  stderr.on('error', () => undefined)
  let isTold = false
  stdout.on('error', (error) => {
    if (isTold || hasGone(error)) return
    isTold = true
    talk(
      `The answer could not be written (${systemCode(error) ?? error.message}). What was done stays done: look, before you ask for it again.`,
    )
    process.exitCode ||= 1
  })
}

/** Hands bytes on as they come, for a file or another program, until nobody reads on. */
export async function pour(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdout } = process
  let failed: Error | undefined
  stdout.once('error', (error) => {
    failed = error
  })
  try {
    await pipeline(Readable.from(bytes), stdout, { end: false })
  } catch (error) {
    if (!failed) throw error
    // All but a reader who left is told above.
    process.exitCode ||= hasGone(failed) ? unread : 1
  }
}

/** A pipe that nobody reads, or a terminal that was closed. */
function hasGone(error: Error): boolean {
  return systemCode(error) === 'EPIPE' || systemCode(error) === 'EIO'
}
