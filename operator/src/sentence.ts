import { BackupError } from '@bibby/lending/backups/backup-error.ts'
import { type Problem, ProblemError } from './api.ts'

/** What went wrong, to what, and what to do next, for whoever typed the command. */
export function sentence(error: unknown): string {
  if (error instanceof ProblemError) return problemSentence(error.problem)
  if (error instanceof BackupError) return `${error.message} (${error.code})`
  if (!(error instanceof Error)) return 'bibby failed, and nothing said why.'
  // What fetch says of a connection is only in its cause.
  const told = error.message === 'fetch failed' && error.cause instanceof Error ? error.cause : error
  const ofTheSystem = systemSentence(told as NodeJS.ErrnoException)
  if (ofTheSystem) return ofTheSystem
  const cause = error.cause instanceof Error ? ` ${error.cause.message}` : ''
  return `${error.message}${cause}`
}

function problemSentence({ title, detail = '', next, code, ...facts }: Problem & Facts): string {
  const more = details(facts).filter((each) => !detail.includes(each))
  return `${[...new Set([title, detail, ...more, next])].filter(Boolean).join(' ')} (${code})`
}

/** Lists that the library gives beside its words: columns that are missing, fields that do not fit. */
type Facts = { readonly missing?: unknown; readonly found?: unknown; readonly problems?: unknown }

function details({ missing, found, problems }: Facts): string[] {
  return [
    ...(isTexts(missing) ? [`Missing: ${missing.join(', ')}.`] : []),
    ...(isTexts(missing) && isTexts(found) ? [`The file has: ${found.join(', ')}.`] : []),
    ...(isTexts(problems) ? problems : []),
    ...(typeof problems === 'object' && problems !== null && !Array.isArray(problems)
      ? Object.values(problems).map(String)
      : []),
  ]
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function systemSentence(error: NodeJS.ErrnoException): string | undefined {
  const { code, path = 'the file' } = error
  const words = code === undefined ? undefined : systemWords[code]
  return words?.(path, error)
}

type Address = { readonly address?: string; readonly port?: number; readonly hostname?: string }

const noAnswer = (_path: string, error: Error) => {
  const { address, port, hostname } = error as Address
  const place = address === undefined ? (hostname ?? 'that address') : `${address}:${port}`
  return `No Bibby answers at ${place}. Start it there, or give another --server.`
}

const systemWords: Readonly<Record<string, (path: string, error: Error) => string>> = {
  ENOENT: (path) => `There is no ${path}. Look at how it is spelled.`,
  EEXIST: (path) => `${path} is there already. Name a new file.`,
  EISDIR: () => 'That is a folder. Name a file.',
  ENOTDIR: (path) => `A part of ${path} is a file, not a folder. Look at how it is spelled.`,
  EACCES: (path) => `You may not read or write ${path}. Ask whoever owns it, or name another file.`,
  EPERM: (path) => `You may not read or write ${path}. Ask whoever owns it, or name another file.`,
  EROFS: (path) => `${path} is on a read-only disk. Name a file elsewhere.`,
  ENAMETOOLONG: () => 'That name is too long for a file. Name a shorter one.',
  ELOOP: (path) => `${path} is a link that leads nowhere. Name the file itself.`,
  ENOSPC: () => 'The disk is full; what was half written is gone again. Make room, or name a file elsewhere.',
  EDQUOT: () => 'You may write no more to that disk; what was half written is gone again. Make room first.',
  ECONNREFUSED: noAnswer,
  ENOTFOUND: noAnswer,
  EAI_AGAIN: noAnswer,
  EHOSTUNREACH: noAnswer,
  ETIMEDOUT: noAnswer,
  ECONNRESET: () => 'The library broke off its answer. Ask again; nothing is done twice.',
}
