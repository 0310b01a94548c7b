import { ask } from '../probes/ask.ts'
import { keepAsking, type Told } from '../probes/rounds.ts'
import { type Report, signReport } from '../serve/report.ts'
import { StatusError } from '../status-error.ts'
import { inTurns } from '../watch/turns.ts'
import { patient } from '../watch/voice.ts'
import type { Command } from './given.ts'

const heldMost = 500
const reportTimeoutMs = 10_000

/** Asks from here and reports to a page elsewhere. What cannot be reported is forgotten: it is of no use later. */
export const probe: Command = async (given, _, configOf) => {
  const config = configOf()
  const { report } = config
  if (!report)
    throw new StatusError('STATUS_CONFIG_INVALID', 'report is missing: to whom should this prober report?')
  const voice = patient(given, Date.now)
  const key = config.secretAt(report.key)
  let held: Told[] = []
  let sequence = 0
  const send = async () => {
    if (held.length === 0) return
    const samples = held
    held = []
    // A clock that goes back makes no report look old.
    sequence = Math.max(Date.now(), sequence + 1)
    const body = JSON.stringify({ prober: report.name, sequence, at: Date.now(), samples } satisfies Report)
    const answer = await ask(`${report.to.replace(/\/$/, '')}/report`, {
      method: 'POST',
      timeoutMs: reportTimeoutMs,
      body,
      headers: { 'content-type': 'application/json', 'x-status-signature': signReport(key, body) },
    })
    if (answer.status !== 204)
      voice.warn(`The page does not take the report (${answer.status}). ${answer.text.trim().slice(0, 200)}`)
  }
  given.say(`Asking as ${report.name}, reporting to ${report.to}`)
  await Promise.all([
    keepAsking(
      config,
      (told) => {
        if (held.length < heldMost) held.push(told)
      },
      given.signal,
    ),
    inTurns(
      {
        everyMs: Math.min(2_000, config.intervalMs),
        signal: given.signal,
        fault: (error) => voice.warn(`The page does not hear the report. ${(error as Error).message}`),
      },
      send,
    ),
  ])
  return 0
}
