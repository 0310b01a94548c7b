import { placeHold } from '../circulation/hold.ts'
import { lend } from '../circulation/lend.ts'
import { renew } from '../circulation/renew.ts'
import { takeBack } from '../circulation/take-back.ts'
import type { Do } from './found.ts'

/** Who and what something happened to, looked up. */
export type Concerned = {
  readonly key: string
  readonly card: string
  readonly barcode: string
  readonly titleId: number
  readonly branchId: number
}

/** One thing that happened in the sample library. */
export type Doing = {
  readonly daysAgo: number
  /** The patron’s line in patrons.tsv. */
  readonly patron: number
  /** The title as in titles.tsv; a film has ` (film)` behind it. */
  readonly title: string
  readonly branch: 'main' | 'harbour'
  readonly happen: (once: Do, concerned: Concerned, at: Date) => Promise<unknown>
}

type Happened = readonly [daysAgo: number, patron: number, title: string, branch?: 'main' | 'harbour']

function doing(happen: Doing['happen']): (happened: Happened) => Doing {
  return ([daysAgo, patron, title, branch = 'main']) => ({ daysAgo, patron, title, branch, happen })
}

const lent = doing((once, { key, card, barcode, branchId }, at) =>
  once(key, lend, { card, barcode, branchId }, at),
)
const returned = doing((once, { key, barcode, branchId }, at) =>
  once(key, takeBack, { barcode, branchId }, at),
)
const renewed = doing((once, { key, barcode, branchId }, at) => once(key, renew, { barcode, branchId }, at))
const held = doing((once, { key, card, titleId, branchId }, at) =>
  once(key, placeHold, { card, titleId, pickupBranchId: branchId }, at),
)

const happenings: readonly Doing[] = [
  // Read and brought back in time.
  lent([90, 2, 'Мастер и Маргарита']),
  lent([88, 3, 'Οδύσσεια']),
  lent([85, 8, '三体']),
  lent([80, 9, '채식주의자']),
  lent([76, 22, 'Cosmos']),
  returned([75, 2, 'Мастер и Маргарита']),
  returned([70, 8, '三体']),
  returned([68, 3, 'Οδύσσεια']),
  returned([60, 9, '채식주의자']),
  lent([58, 11, '三体']),
  lent([52, 16, 'Pippi Långstrump']),
  returned([40, 11, '三体']),
  // Brought back late: 11 days over, one of grace, and a fine is owed.
  lent([50, 1, 'Middlemarch']),
  returned([11, 1, 'Middlemarch']),
  // Overdue now.
  lent([45, 10, 'Cien años de soledad', 'harbour']),
  lent([41, 15, 'Things Fall Apart']),
  lent([38, 20, 'Мойдодыр']),
  lent([20, 14, 'Солярис (film)']),
  // Out now, some of it renewed.
  lent([30, 23, 'The Structure of Scientific Revolutions']),
  lent([26, 1, 'Анна Каренина']),
  lent([24, 6, 'गोदान']),
  lent([22, 4, 'סיפור על אהבה וחושך']),
  renewed([12, 6, 'गोदान']),
  lent([15, 1, 'The Left Hand of Darkness']),
  lent([14, 12, 'Սամվել']),
  lent([12, 5, 'موسم الهجرة إلى الشمال', 'harbour']),
  lent([10, 25, 'ვეფხისტყაოსანი']),
  lent([9, 7, 'ノルウェイの森', 'harbour']),
  lent([8, 19, 'Emil und die Detektive']),
  lent([6, 17, 'Le Petit Prince', 'harbour']),
  lent([5, 21, 'Where the Wild Things Are']),
  lent([3, 1, '七人の侍 (film)']),
  // Waited for: the first two stand in one queue.
  held([9, 2, 'The Left Hand of Darkness']),
  held([7, 23, 'The Left Hand of Darkness', 'harbour']),
  held([6, 11, 'Things Fall Apart']),
  held([5, 1, 'Cien años de soledad']),
  // Come back and ready on the hold shelf; the last one is on its way to the harbour.
  lent([25, 24, 'Wolf Hall']),
  held([10, 11, 'Wolf Hall']),
  lent([21, 22, 'Beloved']),
  held([8, 1, 'Beloved']),
  lent([19, 3, 'Ficciones']),
  held([4, 5, 'Ficciones', 'harbour']),
  returned([2, 24, 'Wolf Hall']),
  returned([1, 22, 'Beloved']),
  returned([1, 3, 'Ficciones']),
]

/** What happened in the sample library, the oldest first. Loans run 28 days, films 7. */
export const pastMonths: readonly Doing[] = happenings.toSorted((one, other) => other.daysAgo - one.daysAgo)
