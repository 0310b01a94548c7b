import type { Library } from '../../library.ts'
import type { App } from '../app.ts'
import type { Limits } from '../limits.ts'
import { accountCardPages } from './account-card-page.ts'
import { accountPages } from './account-page.ts'
import { assetRoutes } from './asset.ts'
import { branchPages } from './branches-page.ts'
import { catalogueDeskPages } from './catalogue-page.ts'
import { caughtMailPages } from './caught-mail-page.ts'
import { checkInPages } from './check-in-page.ts'
import { copyPages } from './copy-page.ts'
import { coverPages } from './covers-page.ts'
import { deadNoticePages } from './dead-notices-page.ts'
import { deskKeptPages } from './desk-kept-page.ts'
import { deskPages } from './desk-page.ts'
import { deskPaperPages } from './desk-paper-page.ts'
import { haltPages } from './halt-page.ts'
import { historyPages } from './history-page.ts'
import { importPages } from './imports-page.ts'
import { isbnPages } from './isbn-page.ts'
import { journalPages } from './journal-page.ts'
import { languagePages } from './language-page.ts'
import { marcPages } from './marc-page.ts'
import { mePages } from './me-page.ts'
import { mergePages } from './merge-page.ts'
import { mergeTitlePages } from './merge-titles-page.ts'
import { noticePreviewPages } from './notice-preview-page.ts'
import { noticeTemplatePages } from './notice-template-page.ts'
import { noticePages } from './notices-page.ts'
import { operationsNowPages } from './operations-now-page.ts'
import { operationPages } from './operations-page.ts'
import { patronImportPages } from './patron-import-page.ts'
import { patronPages } from './patron-page.ts'
import { patronsPages } from './patrons-page.ts'
import { planPages } from './plan-page.ts'
import { problemPages } from './problem-page.ts'
import { reportPages } from './reports-page.ts'
import { rulesPages } from './rules-page.ts'
import { searchPages } from './search-page.ts'
import { settingsPages } from './settings-page.ts'
import { shelfPages } from './shelf-page.ts'
import { shelfPlanPages } from './shelf-plan-page.ts'
import { signInPages } from './sign-in-page.ts'
import { staffPages } from './staff-page.ts'
import { stockTakePages } from './stock-take-page.ts'
import { titlePages } from './title-page.ts'

/** All pages. They work without script; each form carries a CSRF token and an idempotency key. */
export async function pages(
  app: App,
  { library, limits }: { readonly library: Library; readonly limits: Limits },
): Promise<void> {
  const served = { app, library, limits }
  assetRoutes(app)
  problemPages(served)
  for (const part of [
    searchPages,
    titlePages,
    isbnPages,
    coverPages,
    signInPages,
    languagePages,
    accountPages,
    accountCardPages,
    historyPages,
    mePages,
    deskPages,
    deskKeptPages,
    deskPaperPages,
    checkInPages,
    shelfPages,
    patronsPages,
    patronImportPages,
    patronPages,
    mergePages,
    importPages,
    rulesPages,
    reportPages,
    journalPages,
    branchPages,
    shelfPlanPages,
    staffPages,
    settingsPages,
    catalogueDeskPages,
    copyPages,
    marcPages,
    mergeTitlePages,
    stockTakePages,
    haltPages,
    operationsNowPages,
    operationPages,
    planPages,
    noticePages,
    noticePreviewPages,
    deadNoticePages,
    noticeTemplatePages,
    caughtMailPages,
  ]) {
    part(served)
  }
}
