import type { Config } from '../config/config.ts'
import { publishTo } from '../publish/publish.ts'
import { exitCodes } from '../status-error.ts'
import type { Store } from '../store/store.ts'
import type { Given } from './given.ts'

/**
 * Publishes at once what was just written, whether or not a daemon lives, and tells where it can be read. A target that
 * is slow holds up no other.
 */
export async function publishNow(
  store: Store,
  config: Config,
  given: Given,
): Promise<{ exit: number; targets: { target: string; problem: string | null }[] }> {
  const done = await Promise.all(
    config.publish.map(async (target) => {
      const { problem } = await publishTo(store, config, target, {
        clock: Date.now,
        unlessNewerThanMs: config.intervalMs,
      })
      const where =
        target.url ??
        (target.kind === 'folder' ? target.folder : target.kind === 'put' ? target.to : target.name)
      given.warn(
        problem === null
          ? `Published to ${target.name}: ${where}`
          : `Not published to ${target.name}. ${problem}`,
      )
      return { target: target.name, problem }
    }),
  )
  const isPublished = done.some(({ problem }) => problem === null)
  if (!isPublished)
    given.warn('It is written and nowhere published. The daemon tries again; so does any further command.')
  return { exit: isPublished ? 0 : exitCodes.STATUS_UNPUBLISHED, targets: done }
}
