import type { Summary } from '../summary.ts'

/** The files of the page, by name. */
export function renderSite(summary: Summary): ReadonlyMap<string, string> {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const list = [
    ...summary.incidents.flatMap(({ title, updates }) => [title, ...updates.map(({ text }) => text)]),
  ]
  return new Map([
    [
      'index.html',
      `<!doctype html><title>${escaped(summary.page.name)}</title><p>${summary.overall} ${summary.page.writtenAt}${list.map((each) => `<p>${escaped(each)}`).join('')}`,
    ],
    ['api/v2/summary.json', JSON.stringify(summary)],
  ])
}
