import { connect, isIP } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls } from 'node:tls'
import type { Config, Probe } from '../config/config.ts'
import type { Outcome } from '../verdict/standing.ts'
import { type Answer, ask, wordFor } from './ask.ts'
import { type Desk, lendAndTakeBack } from './loan-probe.ts'

/** What one asking found; `detail` is a sentence when it is not well. */
export type Finding = {
  readonly outcome: Outcome
  readonly latencyMs: number | null
  readonly detail: string
}

/** Asks once. Never rejects: whatever goes wrong is what was found. */
export async function probeOnce(probe: Probe, desk: Desk): Promise<Finding> {
  try {
    switch (probe.kind) {
      case 'http':
        return await askHttp(probe)
      case 'tcp':
        return quickEnough(await askTcp(probe), probe.slowMs)
      case 'tls':
        return await askTls(probe)
      case 'loan':
        return quickEnough(await lendAndTakeBack(probe, desk), probe.slowMs)
    }
  } catch (error) {
    return {
      outcome: 'failed',
      latencyMs: null,
      detail: error instanceof Error ? error.message : 'It fails.',
    }
  }
}

function quickEnough(ms: number, slowMs: number): Finding {
  return ms > slowMs
    ? { outcome: 'slow', latencyMs: ms, detail: `It takes ${Math.round(ms)} ms; up to ${slowMs} is well.` }
    : { outcome: 'ok', latencyMs: ms, detail: '' }
}

async function askHttp(probe: Extract<Probe, { kind: 'http' }>): Promise<Finding> {
  const answer = await followed(probe)
  const failed = (detail: string): Finding => ({ outcome: 'failed', latencyMs: answer.ms, detail })
  if (!probe.statuses.includes(answer.status)) return failed(`It answers with status ${answer.status}.`)
  if (probe.contains !== null && !answer.text.includes(probe.contains))
    return failed('Its answer lacks what it must contain.')
  return quickEnough(answer.ms, probe.slowMs)
}

async function followed(probe: Extract<Probe, { kind: 'http' }>): Promise<Answer> {
  const deadline = performance.now() + probe.timeoutMs
  let url = new URL(probe.url)
  let totalMs = 0
  for (let hop = 0; ; hop++) {
    const answer = await ask(url.href, {
      method: probe.method,
      timeoutMs: Math.max(1, Math.ceil(deadline - performance.now())),
      ...(probe.body !== null && probe.method === 'POST'
        ? { body: probe.body, headers: { 'content-type': 'application/json' } }
        : {}),
    })
    totalMs += answer.ms
    const { location } = answer.headers
    if (answer.status < 300 || answer.status > 399 || !location || probe.redirectsMost === 0)
      return { ...answer, ms: totalMs }
    if (hop >= probe.redirectsMost) throw new Error(`It redirects more than ${probe.redirectsMost} times.`)
    if (!URL.canParse(location, url.href)) throw new Error('It redirects to no address.')
    const next = new URL(location, url)
    if (next.host !== url.host) throw new Error('It redirects to another host.')
    url = next
  }
}

function askTcp({
  host,
  port,
  timeoutMs,
}: {
  host: string
  port: number
  timeoutMs: number
}): Promise<number> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    const timer = setTimeout(
      () => end(() => reject(new Error(`It takes no connection within ${timeoutMs} ms.`))),
      timeoutMs,
    )
    socket.on('error', (error) => end(() => reject(new Error(`It takes no connection (${wordFor(error)}).`))))
    socket.on('connect', () => end(() => resolve(performance.now() - began)))
  })
}

function askTls({ host, port, timeoutMs, warnDays }: Extract<Probe, { kind: 'tls' }>): Promise<Finding> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }) })
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    const timer = setTimeout(
      () => end(() => reject(new Error(`It makes no TLS within ${timeoutMs} ms.`))),
      timeoutMs,
    )
    socket.on('error', (error) =>
      end(() => reject(new Error(`Its certificate is not believed (${wordFor(error)}).`))),
    )
    socket.on('secureConnect', () =>
      end(() =>
        resolve(
          validity(socket.getPeerCertificate().valid_to, { warnDays, latencyMs: performance.now() - began }),
        ),
      ),
    )
  })
}

/** What the end of a certificate means now. */
function validity(
  validTo: string,
  { warnDays, latencyMs }: { warnDays: number; latencyMs: number },
): Finding {
  const days = Math.floor((Date.parse(validTo) - Date.now()) / 86_400_000)
  if (days >= warnDays) return { outcome: 'ok', latencyMs, detail: '' }
  return {
    outcome: 'slow',
    latencyMs,
    detail: `Its certificate ends in ${days} days, on ${new Date(validTo).toISOString().slice(0, 10)}.`,
  }
}

/** Whether our own network works: enough of the anchors answer. Without anchors it is taken to. */
export async function isNetworkWell({ anchors, needed }: Config['network']): Promise<boolean> {
  if (anchors.length === 0) return true
  const tries = anchors.map((anchor) =>
    anchor.kind === 'tcp'
      ? askTcp(anchor).then(() => undefined)
      : ask(anchor.url, { method: 'HEAD', timeoutMs: anchor.timeoutMs }),
  )
  const settled = await Promise.allSettled(tries)
  return settled.filter(({ status }) => status === 'fulfilled').length >= needed
}
