import type { Summary } from '../summary.ts'
import { assetFiles } from './asset.ts'
import { badgeFiles } from './badge.ts'
import { atomFeed, rssFeed } from './feed.ts'
import { historyPage, incidentPage, maintenancePage } from './history-page.ts'
import { notFoundPage } from './not-found-page.ts'
import { overviewPage } from './overview-page.ts'
import { statuspageFiles } from './statuspage-api.ts'

/**
 * All files of the status page, by their names relative to its folder. The same value gives the same files, byte for
 * byte. Throws an AssertionError when an id could not be the name of a file; texts may be anything.
 */
export function renderSite(summary: Summary): ReadonlyMap<string, string> {
  return new Map([
    ...assetFiles(),
    ['404.html', notFoundPage(summary)],
    ['history.html', historyPage(summary)],
    ...summary.incidents.map((each) => incidentPage(summary, each)),
    ...summary.maintenances.map((each) => maintenancePage(summary, each)),
    ...badgeFiles(summary),
    ...statuspageFiles(summary),
    ['feed.rss', rssFeed(summary)],
    ['feed.atom', atomFeed(summary)],
    // Last, for who publishes file by file: what it links to is there already.
    ['index.html', overviewPage(summary)],
  ])
}
