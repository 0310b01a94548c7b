import { extname } from 'node:path'
import { isbn13 } from '../isbn.ts'

/** What a cover belongs to, as its address and its file name it: an ISBN-13, or a title of this library. */
export type CoverKey = string

/** The kinds of picture that a cover may be, by the end of its file's name. */
export const coverEnds: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp']

/** What a file of the folder of covers belongs to; undefined where its name says nothing. */
export function keyOfFile(name: string): CoverKey | undefined {
  const end = extname(name)
  if (!coverEnds.includes(end.toLowerCase())) return undefined
  const stem = name.slice(0, -end.length)
  const titleId = titleOfKey(stem)
  return titleId === undefined ? isbn13(stem) : keyOfTitle(titleId)
}

/** The key of a cover that was brought for this title alone. */
export function keyOfTitle(titleId: number): CoverKey {
  return `title-${titleId}`
}

/** The title whose cover is named so; undefined where the name is no such one. */
export function titleOfKey(key: string): number | undefined {
  const [, digits] = /^title-([1-9]\d{0,15})$/.exec(key) ?? []
  const titleId = Number(digits)
  return Number.isSafeInteger(titleId) ? titleId : undefined
}

/** Whether an address may name a cover so. */
export function isCoverKey(key: string): key is CoverKey {
  return titleOfKey(key) !== undefined || (/^\d{13}$/.test(key) && isbn13(key) === key)
}

/** The covers that a title may have, the one brought for it before those of its editions. */
export function keysOf({
  titleId,
  isbns,
}: {
  readonly titleId: number
  readonly isbns: readonly string[]
}): readonly CoverKey[] {
  return [keyOfTitle(titleId), ...isbns]
}
