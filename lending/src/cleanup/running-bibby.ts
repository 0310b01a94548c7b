import { type Running, readRunning } from '../postgres/owner.ts'
import { signalled } from '../postgres/postmaster.ts'

/** Where a Bibby of this machine is looked for. */
export type Where = { readonly dataFolder: string; readonly address: string }

const answerLimitMs = 5_000

/** Where the Bibby of this data folder answers; undefined when none runs. */
export async function runningAddress({ dataFolder, address }: Where): Promise<string | undefined> {
  const running = await serving(dataFolder)
  if (running) return running.address ?? undefined
  return (await ask(`${address}/actuator/info`)) === undefined ? undefined : address
}

/** What names it until it is started again. */
export async function runningInstance(where: Where): Promise<string | undefined> {
  const running = await serving(where.dataFolder)
  if (running) return `${running.since}, process ${running.pid}`
  const told = (await ask(`${where.address}/actuator/info`)) as
    | { process?: { startedAt?: string } }
    | undefined
  return told?.process?.startedAt
}

/** The Bibby that answers. A verb that has started the database leaves word too, and no address: it is no service. */
async function serving(dataFolder: string): Promise<Running | undefined> {
  const running = await readRunning(dataFolder)
  return running && running.address !== null && running.pid !== process.pid && signalled(running.pid, 0)
    ? running
    : undefined
}

/** What is answered there, as JSON; undefined when nothing sensible is. */
async function ask(url: string): Promise<unknown> {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) })
    return reply.ok ? await reply.json() : undefined
  } catch {
    return undefined
  }
}
