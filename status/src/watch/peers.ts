import { setAlert } from '../alerts/alerts.ts'
import type { Config } from '../config/config.ts'
import { ask } from '../probes/ask.ts'
import type { Store } from '../store/store.ts'

const timeoutMs = 10_000

/** Reads the other status pages that this one watches, and tells the contacts when one is silent or stale. */
export async function watchPeers(
  store: Store,
  config: Config,
  { clock }: { clock: () => number },
): Promise<void> {
  const told = await Promise.all(
    config.peers.map(async ({ name, url, staleAfterMs }) => {
      const why = await ageOf(url).then(
        (at) => {
          // One whose clock is ahead says nothing of its age either.
          const ageMs = Math.abs(clock() - at)
          return ageMs > staleAfterMs ? `was written ${Math.round(ageMs / 1_000)} s ago` : undefined
        },
        (error: unknown) => `cannot be read: ${(error as Error).message}`,
      )
      return why === undefined ? undefined : `The status page ${name} ${why}`
    }),
  )
  const sentences = told.filter((each) => each !== undefined)
  if (config.peers.length > 0)
    setAlert(store, config, { name: 'BibbyStatusStale', sentence: sentences.join(' '), now: clock() })
}

async function ageOf(url: string): Promise<number> {
  const { status, text } = await ask(`${url.replace(/\/$/, '')}/api/v2/summary.json`, { timeoutMs })
  if (status !== 200) throw new Error(`status ${status}`)
  const { page } = JSON.parse(text) as { page?: { updated_at?: string; writtenAt?: string } }
  const at = Date.parse(page?.updated_at ?? page?.writtenAt ?? '')
  if (Number.isNaN(at)) throw new Error('it does not say when it was written')
  return at
}
