import { heldAlerts, setAlert } from '../alerts/alerts.ts'
import type { Config } from '../config/config.ts'
import { ask } from '../probes/ask.ts'
import type { Store } from '../store/store.ts'

const timeoutMs = 10_000
const name = 'BibbyStatusStale'

/** Reads the other status pages that this one watches, and tells the contacts of each that is silent or stale. */
export async function watchPeers(
  store: Store,
  config: Config,
  { clock }: { clock: () => number },
): Promise<void> {
  await Promise.all(
    config.peers.map(async ({ name: of, url, staleAfterMs }) => {
      const why = await ageOf(url).then(
        (at) => {
          // One whose clock is ahead says nothing of its age either.
          const ageMs = Math.abs(clock() - at)
          return ageMs > staleAfterMs ? `was written ${Math.round(ageMs / 1_000)} s ago` : undefined
        },
        (error: unknown) => `cannot be read: ${(error as Error).message}`,
      )
      const sentence = why === undefined ? '' : `The status page ${of} ${why}`
      setAlert(store, config, { name, of, sentence, now: clock() })
    }),
  )
  // One that is watched no longer is not missed for ever.
  for (const of of heldAlerts(store, name)) {
    if (!config.peers.some((peer) => peer.name === of))
      setAlert(store, config, { name, of, sentence: '', now: clock() })
  }
}

async function ageOf(url: string): Promise<number> {
  const { status, text } = await ask(`${url.replace(/\/$/, '')}/api/v2/summary.json`, { timeoutMs })
  if (status !== 200) throw new Error(`status ${status}`)
  const { page } = JSON.parse(text) as { page?: { updated_at?: string; writtenAt?: string } }
  const at = Date.parse(page?.updated_at ?? page?.writtenAt ?? '')
  if (Number.isNaN(at)) throw new Error('it does not say when it was written')
  return at
}
