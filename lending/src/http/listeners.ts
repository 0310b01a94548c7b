import type { ServerResponse } from 'node:http'
import type { App } from './app.ts'

/** What a listener is told: a named event with its text, that the page is to be loaded anew, or only that we are there. */
export type Told = { readonly event: string; readonly text: string } | 'anew' | 'nothing-new'

/** Who listens to server-sent events of one page. */
export type Listeners = {
  /** Keeps a place for an answer until it closes; false where there is none. Asked before anything is waited for. */
  readonly takePlace: (answer: ServerResponse) => boolean
  /** Takes over an answer that has a place, tells it at once and then with each beat, until they leave or are told that it is over. */
  readonly add: (answer: ServerResponse, tell: () => Promise<Told>) => void
}

/** Each costs a picture of the page every few seconds. */
const listenersMax = 20
/** Who reads slower than it is written is dropped with so much unread. */
const unreadBytesMax = 262_144
/** A browser that lost us comes back after so long. */
const retryMs = 5_000

/**
 * Opens the events of a page. They come with the beats of the pulse, which is shorter than any timeout on the way; where
 * nothing is new, or it cannot be told, a comment says that we are still here. All are sent away when the server closes.
 */
export function openListeners(
  app: Pick<App, 'pulse' | 'addHook'>,
  { max = listenersMax }: { readonly max?: number } = {},
): Listeners {
  const places = new Set<ServerResponse>()
  const all = new Map<ServerResponse, () => Promise<void>>()
  const stop = app.pulse.onBeat(() => {
    for (const tellAgain of all.values()) void tellAgain()
  })
  app.addHook('preClose', (done) => {
    stop()
    for (const answer of all.keys()) answer.end()
    done()
  })
  return {
    takePlace: (answer) => {
      if (places.size >= max) return false
      // Who has left already needs none, and their close, which would give it back, is over.
      if (answer.destroyed) return true
      places.add(answer)
      answer.once('close', () => {
        places.delete(answer)
        all.delete(answer)
      })
      return true
    },
    add: (answer, tell) => {
      if (answer.destroyed) return
      answer.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        // A proxy that gathers what it passes on would hold it back.
        'x-accel-buffering': 'no',
      })
      answer.write(`retry: ${retryMs}\n\n`)
      const telling = tellTo(answer, tell)
      all.set(answer, telling)
      void telling()
    },
  }
}

/** One telling at a time: what cannot be told within a beat is left out, and nothing gathers. */
function tellTo(answer: ServerResponse, tell: () => Promise<Told>): () => Promise<void> {
  let isTelling = false
  return async () => {
    if (isTelling) return
    isTelling = true
    const told = await tell().catch((): Told => 'nothing-new')
    isTelling = false
    if (answer.destroyed || answer.writableEnded) return
    answer.write(written(told))
    if (told === 'anew') answer.end()
    else if (answer.writableLength > unreadBytesMax) answer.destroy()
  }
}

function written(told: Told): string {
  if (told === 'nothing-new') return ': still here\n\n'
  if (told === 'anew') return 'event: anew\ndata:\n\n'
  const lines = told.text.split('\n').map((line) => `data: ${line}\n`)
  return `event: ${told.event}\n${lines.join('')}\n`
}
