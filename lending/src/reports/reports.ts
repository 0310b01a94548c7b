import { deadStock } from './dead-stock.ts'
import { holds } from './holds.ts'
import { inventory } from './inventory.ts'
import { loans } from './loans.ts'
import { overdue } from './overdue.ts'
import type { Report } from './report.ts'
import { topTitles } from './top-titles.ts'

/** All reports, in the order in which they are listed. */
export const reports: readonly Report[] = [loans, topTitles, overdue, holds, inventory, deadStock]
