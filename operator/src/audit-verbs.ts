import { answers } from '@bibby/lending/http/answers.ts'
import type { AuditProgress, AuditVerdict } from '@bibby/lending/journal/audit-report.ts'
import type { Verbs } from './act.ts'
import type { Api } from './api.ts'
import type { Out } from './out.ts'

/** audit verify. */
export const auditVerbs: Verbs = (program, act) => {
  const audit = program.command('audit').description('the audit chain')
  audit
    .command('verify')
    .description(
      'is the journal as it was written; names what was altered, removed or cut off, and exits 1 then',
    )
    .action(() =>
      act(async (api, out) => {
        const told = await verdict(api, out)
        if (told.verdict === 'broken') process.exitCode = answers['audit-broken'].exit
        out.answer(told, inWords)
      }),
    )
}

/** A line is at most a hundred findings of some hundred letters each. */
const lineMax = 1_000_000

async function verdict(api: Api, { progress }: Out): Promise<AuditVerdict> {
  const decoder = new TextDecoder()
  let rest = ''
  let last: AuditVerdict | undefined
  for await (const part of await api.download('/api/v1/audit')) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineMax) break
    for (const line of lines) {
      const told = JSON.parse(line) as AuditProgress | AuditVerdict
      // Read on to the end: who leaves an answer before it is whole is waited for by its server.
      if ('verdict' in told) {
        last = told
        continue
      }
      const percent = told.of === 0 ? 0 : Math.floor((100 * told.checked) / told.of)
      progress(`${Math.min(percent, 99)}%  ${told.checked} of ${told.of} links`)
    }
  }
  if (last) return last
  throw new Error('The verification was cut off before its end. Nothing is known; verify again.')
}

function inWords({
  verdict: came,
  links,
  notLinkedYet,
  heads,
  lastHeadAt,
  found,
  findings,
  remarks,
}: AuditVerdict): string[] {
  const { title, next } = answers['audit-broken']
  return [
    came === 'intact' ? 'The journal is as it was written.' : `${title} ${next}`,
    ...findings.map(({ text }) => text),
    ...(found > findings.length ? [`And ${found - findings.length} more.`] : []),
    `Links checked: ${links}; entries not linked yet: ${notLinkedYet}; heads outside compared: ${heads}${
      lastHeadAt === null ? '' : `, the newest of ${lastHeadAt}`
    }.`,
    ...remarks,
  ]
}
