import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const act = fileURLToPath(new URL('act.ts', import.meta.url))

/** Cleanup at work in a process of its own. */
export type Acting = {
  readonly child: ChildProcess
  /** Settles when it has ended: what it told last (`done` or the code of a refusal), or `killed`. */
  readonly ended: Promise<string>
  /** Settles at the first progress of this kind. */
  readonly begun: (what: string) => Promise<unknown>
}

/** Begins `run DIGEST`, `purge RUN`, …; `killBefore` n: it dies before its n-th step that changes the disk. */
export function acting(root: string, verb: string, given: string, killBefore = 0): Acting {
  const child = fork(act, [root, verb, given, String(killBefore)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let told = 'killed'
  child.on('message', (message: { told?: string }) => {
    told = message.told ?? told
  })
  const begun = async (what: string) => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [{ what?: string }]
      if (message.what === what) return message
    }
  }
  return { child, begun, ended: once(child, 'exit').then(() => told) }
}
