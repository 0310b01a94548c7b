import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Config, configShape, type SecretPlace } from './config.ts'
import { contradictions } from './contradictions.ts'

const fileBytesMost = 1024 * 1024
const secretCharactersLeast = 12
const secretCharactersMost = 1_000

/** The file that is read when none is named. */
export const configFile = process.env.STATUS_CONFIG ?? 'bibby-status.json'

/** Reads the one file of settings. Gives every problem at once, and never the value of a secret. */
export function readConfig(
  path: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config | { readonly problems: readonly string[] } {
  const file = resolve(path)
  const raw = parsed(file)
  if ('problem' in raw) return { problems: [raw.problem] }
  const problems: string[] = []
  const read = configShape(raw.value, '', problems)
  if (!read) return { problems }
  // What is missing was told, and would only be told again in other words.
  if (problems.length > 0) return { problems }
  const base = dirname(file)
  const secrets = new Map<string, string>()
  for (const [at, place] of secretPlaces(read)) {
    const secret = secretFrom(place, { at, base, env })
    if ('problem' in secret) problems.push(secret.problem)
    else secrets.set(keyOf(place), secret.value)
  }
  problems.push(...contradictions(read), ...servedByMistake(read, { file, base }))
  if (read.mail !== null && !isThere('nodemailer')) {
    problems.push(
      'mail needs nodemailer, which is not here: run npm install --omit=dev in the folder of this program.',
    )
  }
  if (problems.length > 0) return { problems }
  return Object.freeze({
    ...read,
    data: resolve(base, read.data),
    publish: read.publish.map((target) =>
      target.kind === 'folder' ? { ...target, folder: resolve(base, target.folder) } : target,
    ),
    base,
    secretAt: (place: SecretPlace) => secrets.get(keyOf(place)) ?? '',
  })
}

function isThere(name: string): boolean {
  try {
    return import.meta.resolve(name) !== ''
  } catch {
    return false
  }
}

function parsed(file: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    if (statSync(file).size > fileBytesMost)
      return { problem: `${file} is larger than ${fileBytesMost} bytes.` }
    return { value: JSON.parse(readFileSync(file, 'utf8')) }
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `${file} is not JSON: ${error.message}` }
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return {
      problem: isMissing
        ? `There is no ${file}. Make one with "bibby-status init", or name it with --config.`
        : `${file} cannot be read: ${(error as Error).message}`,
    }
  }
}

/** What must not be read by everybody, and would be: all that lies in a folder of the page is served. */
function servedByMistake(
  read: Parameters<typeof contradictions>[0],
  { file, base }: { file: string; base: string },
): string[] {
  const kept = [
    ['data', resolve(base, read.data)],
    ['the settings', file],
    ...secretPlaces(read).flatMap(([what, place]) =>
      place.file ? [[what, resolve(base, place.file)] as const] : [],
    ),
  ] as const
  const folders = read.publish.flatMap((target) =>
    target.kind === 'folder' ? [{ name: target.name, folder: resolve(base, target.folder) }] : [],
  )
  const twice = folders.filter(({ folder }, at) => folders.findIndex((each) => each.folder === folder) < at)
  return [
    ...folders.flatMap(({ name, folder }) =>
      kept
        .filter(([, path]) => path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`))
        .map(
          ([what]) =>
            `The folder of the target ${name} holds ${what}, and would serve it: take another folder.`,
        ),
    ),
    ...twice.map(
      ({ name }) => `The folder of the target ${name} is that of another target: take another folder.`,
    ),
  ]
}

function secretPlaces(read: Parameters<typeof contradictions>[0]): (readonly [string, SecretPlace])[] {
  return [
    ...read.components.flatMap(({ id, probes }) =>
      probes.flatMap((probe) =>
        probe.kind === 'loan' ? [[`The password of ${id}/${probe.id}`, probe.password] as const] : [],
      ),
    ),
    ...read.probers.map(({ name, key }) => [`The key of the prober ${name}`, key] as const),
    ...(read.report ? [['The key to report with', read.report.key] as const] : []),
    ...(read.mail?.login ? [['The password of the mail server', read.mail.login.password] as const] : []),
    ...read.publish.flatMap((target) =>
      target.kind === 'put' && target.token
        ? [[`The token of the target ${target.name}`, target.token] as const]
        : [],
    ),
    ...read.contacts.flatMap((contact) =>
      contact.kind === 'webhook' ? [['The secret of a contact', contact.secret] as const] : [],
    ),
  ]
}

function secretFrom(
  { file, env: name }: SecretPlace,
  { at, base, env }: { at: string; base: string; env: Readonly<Record<string, string | undefined>> },
): { readonly value: string } | { readonly problem: string } {
  if (name !== null) {
    const value = env[name]?.trim() ?? ''
    return isSecret(value) ? { value } : { problem: `${at}: the variable ${name} must hold ${wanted}.` }
  }
  const path = resolve(base, file ?? '')
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      return { problem: `${at}: others may read ${path}. Do: chmod 600 ${path}` }
    }
    const value = readFileSync(path, 'utf8').trim()
    return isSecret(value) ? { value } : { problem: `${at}: ${path} must hold ${wanted}.` }
  } catch (error) {
    return { problem: `${at}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'fault'}).` }
  }
}

const wanted = `a secret of ${secretCharactersLeast} to ${secretCharactersMost} characters on one line`

function isSecret(value: string): boolean {
  return (
    value.length >= secretCharactersLeast && value.length <= secretCharactersMost && !/\p{Cc}/u.test(value)
  )
}

function keyOf({ file, env }: SecretPlace): string {
  return file === null ? `env ${env}` : `file ${file}`
}
