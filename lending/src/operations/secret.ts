import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../start-error.ts'

const secretBytes = 32

/**
 * The secret under which codes are kept, from the data folder and never from the database: who reads the database
 * cannot try codes. Made at first use; of two processes that make it, one wins and both have the same.
 */
export function keptSecret(dataFolder: string): Uint8Array {
  const file = join(dataFolder, 'guard-secret')
  const kept = read(file)
  if (kept) return kept
  mkdirSync(dataFolder, { recursive: true })
  const half = `${file}.new-${process.pid}`
  writeFileSync(half, `${randomBytes(secretBytes).toString('hex')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(half, file)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(half, { force: true })
  }
  const made = read(file)
  if (!made)
    throw new Error(`${file} does not hold a secret of ${secretBytes} bytes. Remove it: a new one is made.`)
  return made
}

function read(file: string): Uint8Array | undefined {
  try {
    const bytes = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex')
    return bytes.length === secretBytes ? bytes : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
