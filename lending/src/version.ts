import { readFileSync } from 'node:fs'

/** The version of this Bibby, as its package says. */
export function bibbyVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
