import type { Verbs } from './act.ts'
import type { Out } from './out.ts'

type Halted = {
  verb: string | null
  epoch: number
  since: string
  already: boolean
  finished: number
  cut: number
}
type Halt = { since: string; phrase: string }
type Standing = {
  mode: string
  epoch: number
  since: string
  reason: string
  writtenSince: number | null
  phrase: string | null
  verbs: (Halt & { verb: string; because: string })[]
}
type Resumed = { verb: string | null; epoch: number }
type Options = { verb?: string; database?: true }

/** Exit code of a resume that only told what to type. */
const nothingDone = 3

/** halt and resume. */
export const haltVerbs: Verbs = (program, act) => {
  const pastServer = 'past the server, straight to the database of BIBBY_DATA or BIBBY_DATABASE_URL'
  program
    .command('halt')
    .description('stop all writing at once, on every server; reading goes on')
    .option('--reason <text>', 'stands on every page meanwhile', '')
    .option('--verb <action>', 'only this, as the journal names it, such as lend')
    .option('--database', pastServer)
    .action(({ reason, verb, database }: Options & { reason: string }) =>
      act(
        async (api, out) => {
          const body = { reason, ...(verb === undefined ? {} : { verb }) }
          out.answer(await api.call<Halted>('POST', '/api/v1/halt', { body }), haltedInWords)
        },
        { pastServer: database },
      ),
    )
  program
    .command('resume')
    .description('let writing go on; without --phrase it tells what is halted and what to type')
    .option('--phrase <words>', 'as resume told it')
    .option('--verb <action>', 'only this')
    .option('--database', pastServer)
    .action(({ phrase, verb, database }: Options & { phrase?: string }) =>
      act(
        async (api, out) => {
          const standing = await api.call<Standing>('GET', '/api/v1/halt')
          if (phrase === undefined) return tell(out, standing)
          const halted = verb === undefined ? standing : standing.verbs.find((each) => each.verb === verb)
          const { epoch } = standing
          const body = {
            epoch,
            since: halted?.since ?? standing.since,
            phrase,
            ...(verb === undefined ? {} : { verb }),
          }
          out.answer(
            await api.call<Resumed>('POST', '/api/v1/resume', { body }),
            (done) => `${done.verb ?? 'All writing'} goes on, under epoch ${done.epoch}.`,
          )
        },
        { pastServer: database },
      ),
    )
}

function haltedInWords({ verb, epoch, since, already, finished, cut }: Halted): string[] {
  const underWay = `Of what was under way, ${finished} ended by themselves and ${cut} were cut off.`
  return [
    `${verb ?? 'All writing'} ${already ? 'was halted already' : 'is halted'}, since ${since} (epoch ${epoch}).`,
    `${underWay} No write of before can land now.`,
    'What to type to let it go on: bibby resume',
  ]
}

function tell(out: Out, standing: Standing): void {
  const { mode, since, reason, writtenSince, phrase, verbs } = standing
  out.answer(standing, () => {
    if (phrase === null && verbs.length === 0) return `Nothing is halted (${mode}).`
    return [
      ...(phrase === null
        ? []
        : [
            `All writing is halted since ${since}${reason && `: ${reason}`}. Written since: ${writtenSince}.`,
            `  bibby resume --phrase "${phrase}"`,
          ]),
      ...verbs.flatMap((each) => [
        `${each.verb} is halted since ${each.since}: ${each.because}`,
        `  bibby resume --verb ${each.verb} --phrase "${each.phrase}"`,
      ]),
    ]
  })
  if (phrase !== null || verbs.length > 0) process.exitCode = nothingDone
}
