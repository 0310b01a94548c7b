/** The look of a report: the colours of Bibby’s own pages, light and dark. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: #faf8f3; --raised: #fff; --line: #dfdacd; --line-strong: #857f70;
  --ink: #1f2324; --ink-soft: #585b58; --accent: #17584a; --good: #1b6339; --good-soft: #e2f0e4; --warn: #a86700;
  --bad: #9c241b; --bad-soft: #fae4df; }
@media (prefers-color-scheme: dark) { :root { --paper: #151819; --raised: #1d2123; --line: #343a3c;
  --line-strong: #7f898c; --ink: #ebe8e1; --ink-soft: #adb3b3; --accent: #8ad3bd; --good: #8fd3a0;
  --good-soft: #1d3324; --warn: #f0c06a; --bad: #f2a093; --bad-soft: #43211d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 2.25rem 1rem 3.5rem; }
h1 { font: 600 clamp(1.5rem, 1.2rem + 1.6vw, 2.25rem)/1.2 ui-serif, "Noto Serif", Georgia, serif; margin: 0 0 1rem;
  text-wrap: balance; }
h2 { font: 600 1.375rem/1.3 ui-serif, "Noto Serif", Georgia, serif; margin: 0 0 .75rem; }
h2 small { font-weight: 400; color: var(--ink-soft); }
a { color: var(--accent); }
.eyebrow { margin: 0 0 .25rem; color: var(--ink-soft); }
.lead { max-width: 42rem; color: var(--ink-soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1rem 0 0; }
dt { color: var(--ink-soft); } dd { margin: 0; overflow-wrap: anywhere; }
.verdict { border-radius: .375rem; padding: .6rem .9rem; background: var(--bad-soft); color: var(--bad); margin: 0; }
.verdict.held { background: var(--good-soft); color: var(--good); }
section { margin-top: 2.25rem; padding: 1.25rem; background: var(--raised); border: 1px solid var(--line);
  border-radius: .625rem; }
.scroll { overflow-x: auto; } figure { margin: 1rem 0; } figure svg { display: block; width: 100%; min-width: 40rem;
  height: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; font-weight: 400; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line);
  vertical-align: top; }
tr:first-child > * { border-top: 0; }
td:first-child { white-space: nowrap; font-weight: 600; } td:last-child { text-align: right; font-weight: 600; white-space: nowrap; }
.harm td:first-child { color: var(--bad); } .well td:first-child { color: var(--good); }
.marks { margin: 0; padding-left: 1.75rem; } .marks li { padding: .15rem 0; }
.marks time { color: var(--ink-soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.drills { list-style: none; margin: 0; padding: 0; }
.drills a { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between;
  padding: .9rem 0; border-top: 1px solid var(--line); color: inherit; text-decoration: none; }
.drills a:hover span { text-decoration: underline; }
`
