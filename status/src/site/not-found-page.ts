import { createHash } from 'node:crypto'
import type { Summary } from '../summary.ts'
import { publicAddress } from './address.ts'
import { inOneLine, markup } from './markup.ts'

const style =
  ':root{color-scheme:light dark}body{margin:18vh auto 0;padding:0 1.5rem;max-width:34rem;font:1.0625rem/1.6 system-ui,sans-serif;color:light-dark(#1f2324,#ebe8e1);background:light-dark(#faf8f3,#151819)}h1{font:600 2rem/1.2 ui-serif,Georgia,serif}a{color:light-dark(#17584a,#8ad3bd)}'

/**
 * What a host may answer with where there is no page. It is shown at any depth, so it brings its style along and links
 * only to the address that the page was told; without one, to none.
 */
export function notFoundPage({ page: { name, url } }: Summary): string {
  const home = publicAddress(url, '')
  const hash = createHash('sha256').update(style).digest('base64')
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not found · ${inOneLine(name)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>There is no such page</h1>
<p>Incidents stand here for 90 days. This says nothing of how the library is.</p>
<p>${home === null ? 'The status page is at the top of this address.' : markup`<a href="${home}">${inOneLine(name) || 'Status page'}</a>`}</p>
</main>
</body>
</html>
`.markup
}
