// Keeps a progress page fresh without loading it again. Without script the page loads itself anew.

const everyMs = 1_000
const place = () => document.querySelector('[data-progress]')

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const fresh = page.querySelector('[data-progress]')
    if (fresh && place()) place().replaceWith(fresh)
  } catch {
    // Out of reach for a moment: the next time tells.
  }
  if (place()?.dataset.progress === 'running') setTimeout(refresh, everyMs)
}

if (place()?.dataset.progress === 'running') setTimeout(refresh, everyMs)
