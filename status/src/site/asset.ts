import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const assets = {
  'style.css': read('style.css'),
  'page.js': read('page.js'),
  'favicon.svg': read('favicon.svg'),
} as const

/** The files that the pages bring along. */
export type AssetName = keyof typeof assets

/** Every file that the pages bring along, by name. */
export function assetFiles(): readonly (readonly [string, string])[] {
  return Object.entries(assets)
}

/** The address of a file, with a mark of its content: a host that keeps files for long gives the new one at once. */
export function assetAddress(name: AssetName): string {
  return `${name}?${createHash('sha256').update(assets[name]).digest('hex').slice(0, 8)}`
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, 'assets', name), 'utf8')
}
