import { addCopy } from '../catalogue/add-copy.ts'
import { addTitle } from '../catalogue/add-title.ts'
import type { Library } from '../library.ts'
import { blockPatron, registerPatron } from '../patrons/patron.ts'
import type { Telling } from '../postgres/our-server.ts'
import { wantedPassword } from '../staff/password.ts'
import type { Do } from './found.ts'
import { branchIds } from './found-library.ts'
import { type Doing, pastMonths } from './past-months.ts'
import { type SampleTitle, sampleCopies, samplePatrons, sampleTitles } from './sample-data.ts'

/** What a loading is given: how to do a step once, and the library’s first day. */
export type Loading = {
  readonly once: Do
  readonly at: Date
  /** The password of the first patron, who can sign in; the others have none. */
  readonly readerPassword: string | undefined
  readonly print: Telling
  readonly signal: AbortSignal
}

/** The card of the sample patron who can sign in. */
export const sampleReaderCard: string = samplePatrons()[0]?.card ?? ''

const dayMs = 24 * 60 * 60_000
/** What the sample has was bought, and its patrons joined, about this long before. */
const joinedDaysAgo = 200
const cardDaysLeft = 300
/** Titles that are added side by side, so that their commits share a trip to the disk. */
const atOnce = 8

/**
 * Fills a new library with the sample, verb by verb, each under a key of its own: cut off anywhere, a later start
 * goes on where it was. The past months’ loans and holds come last, in the order in which they happened.
 */
export async function loadSample(library: Library, loading: Loading): Promise<void> {
  const { signal, print } = loading
  const titles = sampleTitles()
  const branches = await branchIds(library.db)
  await registerAll(branches, loading)
  const barcodes = new Map<string, string>()
  const titleIds = new Map<string, number>()
  for (let from = 0; from < titles.length; from += atOnce) {
    signal.throwIfAborted()
    const added = titles.slice(from, from + atOnce).map(async (title, offset) => {
      const { titleId, first } = await addSampleTitle(title, from + offset, loading)
      barcodes.set(nameOf(title), first)
      titleIds.set(nameOf(title), titleId)
    })
    // All of them, even when one fails: nothing may write on while we close.
    const failed = (await Promise.allSettled(added)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    if (from % (10 * atOnce) === 0)
      print.step(`Loading the sample library: title ${from + 1} of ${titles.length}`)
  }
  for (const [index, doing] of pastMonths.entries()) {
    signal.throwIfAborted()
    await happen(doing, `founding:past:${index}`, { loading, branches, barcodes, titleIds })
  }
  const blocked = { card: samplePatrons()[13]?.card ?? '', because: 'Letters to the address come back' }
  await loading.once('founding:blocked', blockPatron, blocked)
}

/** Films and books may share a title. */
const nameOf = ({ kind, fields }: SampleTitle) => (kind === 'dvd' ? `${fields.title} (film)` : fields.title)

const daysBefore = (at: Date, days: number) => new Date(at.getTime() - days * dayMs)

async function registerAll(branches: Branches, { once, at, readerPassword }: Loading): Promise<void> {
  const expiresOn = daysBefore(at, -cardDaysLeft).toISOString().slice(0, 10)
  for (const [index, { card, category, branch, ...person }] of samplePatrons().entries()) {
    const password = index === 0 && readerPassword ? { password: await wantedPassword(readerPassword) } : {}
    const ask = {
      card,
      categoryCode: category,
      branchId: branchOf(branches, branch),
      expiresOn,
      ...person,
      ...password,
    }
    await once(`founding:patron:${card}`, registerPatron, ask, daysBefore(at, joinedDaysAgo))
  }
}

async function addSampleTitle(
  title: SampleTitle,
  index: number,
  { once, at }: Loading,
): Promise<{ titleId: number; first: string }> {
  const bought = daysBefore(at, joinedDaysAgo)
  const { titleId } = await once(`founding:title:${index + 1}`, addTitle, { fields: title.fields }, bought)
  const copies = sampleCopies(title, index)
  for (const copy of copies) {
    const ask = { titleId, itemType: title.kind, ...copy, lendable: title.kind !== 'reference' }
    await once(`founding:copy:${copy.barcode}`, addCopy, ask, bought)
  }
  return { titleId, first: copies[0]?.barcode ?? '' }
}

type Branches = ReadonlyMap<string, number>

function branchOf(branches: Branches, code: string): number {
  const id = branches.get(code)
  if (id === undefined) throw new Error(`The sample speaks of a branch "${code}" that was not founded.`)
  return id
}

type Known = {
  readonly loading: Loading
  readonly branches: Branches
  readonly barcodes: ReadonlyMap<string, string>
  readonly titleIds: ReadonlyMap<string, number>
}

async function happen(
  doing: Doing,
  key: string,
  { loading, branches, barcodes, titleIds }: Known,
): Promise<void> {
  const card = samplePatrons()[doing.patron - 1]?.card ?? ''
  const barcode = barcodes.get(doing.title) ?? ''
  const titleId = titleIds.get(doing.title) ?? 0
  const branchId = branchOf(branches, doing.branch)
  await doing.happen(
    loading.once,
    { key, card, barcode, titleId, branchId },
    daysBefore(loading.at, doing.daysAgo),
  )
}
