import { sweepUploads } from './catalogue/import/uploaded-file.ts'
import { renewSearchOrder } from './catalogue/search-order.ts'
import { expireHolds } from './circulation/expire-holds.ts'
import { countLentTogether } from './circulation/lent-together.ts'
import { seeTrash } from './cleanup/see-trash.ts'
import { forgetNotices } from './notices/forget-notices.ts'
import { addUpLedger } from './notices/ledger.ts'
import { tellDue } from './notices/sweep.ts'
import { forgetReturnedLoans } from './patrons/forget.ts'
import { forgetMerged } from './patrons/forget-merged.ts'
import { sweepSessions } from './staff/session.ts'
import type { Sweep } from './sweeps.ts'

/** What the passing of time brings about in a library, in the order of a round. */
export const dueSweeps: readonly Sweep[] = [
  {
    name: 'end holds that nobody fetched',
    run: ({ db, instance }, now) => expireHolds(db, { actor: 'system:sweeps', instance }, now),
  },
  // Before the loans of patrons are theirs no more.
  { name: 'count what is lent together', run: ({ db }, now) => countLentTogether(db, now) },
  {
    name: 'forget returned loans',
    run: ({ db, instance }, now) => forgetReturnedLoans(db, now, { instance }),
  },
  {
    name: 'empty records that were merged',
    run: ({ db, instance }, now) => forgetMerged(db, now, { instance }),
  },
  {
    name: 'tell what is due',
    run: ({ db, instance, installation, noticeFigures }, now) =>
      tellDue(db, now, { instance, installation, figures: noticeFigures }),
  },
  {
    name: 'forget notices that were sent',
    run: ({ db, instance }, now) => forgetNotices(db, now, { instance }),
  },
  { name: 'add up the ledger of notices', run: ({ db }, now) => addUpLedger(db, now) },
  { name: 'go on with operations', run: ({ operations }) => operations.resume() },
  {
    name: 'forget operations that are over',
    run: ({ operations }) => operations.guard.forget({ by: 'system:sweeps' }),
  },
  { name: 'renew the order of search', run: ({ db }) => renewSearchOrder(db) },
  { name: 'remove the files of imports that are over', run: (library) => sweepUploads(library) },
  { name: 'look at the trash', run: seeTrash },
  { name: 'end old sessions', run: ({ db }, now) => sweepSessions(db, now) },
]
