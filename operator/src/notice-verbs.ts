import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import type { Act, Verbs } from './act.ts'
import { ProblemError } from './api.ts'
import { type Operation, tellPlan } from './operation-verbs.ts'
import { table } from './out.ts'

type Queue = Record<string, { queued: number; dead: number; oldestSeconds: number }>
type Status = {
  notices: 'on' | 'elsewhere' | 'off'
  halted: { since: string; because: string } | null
  balance: { caused: number; sent: number; queued: number; dead: number; void: number; difference: number }
  queue: Queue
}
type Told = { kind: string; card: string; name: string; email: string; facts: { title?: string } }
type Preview = { wouldCause: Told[]; over: number; withoutAddress: number }
type Listed = {
  id: string
  kind: string
  card: string | null
  causedAt: string
  tries: number
  because: string | null
  lastOutcome: string | null
}
type Template = { subject: string; body: string; item: string; version: number; isOwn: boolean }
type Previewed = {
  card: string
  name: string
  shows: 'what-is-due' | 'nothing-due' | 'no-address'
  letters: { subject: string; text: string; things: number; isWritten: boolean }[]
}
type Shown = { template: Template; sample: { subject: string; text: string } }

/** notices status, preview, list, resend, dismiss, on, off and template. */
export const noticeVerbs: Verbs = (program, act) => {
  const notices = program.command('notices').description('what patrons are told by mail')
  lookVerbs(notices, act)
  changeVerbs(notices, act)
  templateVerbs(notices, act)
}

function lookVerbs(notices: Command, act: Act): void {
  notices
    .command('status', { isDefault: true })
    .description('whether notices are on, what waits, and whether the ledger balances')
    .action(() =>
      act(async (api, out) => out.answer(await api.call<Status>('GET', '/api/v1/notices'), statusWords)),
    )
  notices
    .command('preview')
    .description('whom the next run would tell what; nothing is written')
    .action(() =>
      act(async (api, out) =>
        out.answer(await api.call<Preview>('GET', '/api/v1/notices/preview'), previewWords),
      ),
    )
  notices
    .command('list')
    .description('notices in a state, the newest first')
    .option('--state <state>', 'queued, sent, dead or void', 'dead')
    .option('--limit <n>', 'at most so many', whole, 50)
    .action(({ state, limit }: { state: string; limit: number }) =>
      act(async (api, out) => {
        const path = `/api/v1/notices/list?${new URLSearchParams({ state, limit: String(limit) })}`
        out.answer(await api.call<{ notices: Listed[] }>('GET', path), listWords)
      }),
    )
}

function changeVerbs(notices: Command, act: Act): void {
  for (const [name, description] of [
    ['resend', 'send dead notices again'],
    ['dismiss', 'let dead notices be'],
  ] as const) {
    notices
      .command(name)
      .description(description)
      .argument('<id...>', 'as list tells them')
      .action((ids: string[]) =>
        act(async (api, out) =>
          out.answer(
            await api.call<{ notices: number }>('POST', `/api/v1/notices/${name}`, { body: { ids } }),
            (done) => `${done.notices} notices: ${name === 'resend' ? 'queued again' : 'dismissed'}.`,
          ),
        ),
      )
  }
  for (const on of [true, false]) {
    notices
      .command(on ? 'on' : 'off')
      .description(
        on
          ? 'send notices from this installation; in production it is planned, and a person confirms it'
          : 'send nothing, from nowhere; what is queued stays',
      )
      .action(() =>
        act(async (api, out) => {
          const now = await api
            .call<{ on: boolean }>('POST', '/api/v1/notices/switch', { body: { on } })
            .catch((error: unknown) => {
              if (error instanceof ProblemError && error.problem.code === 'notices-need-plan')
                return undefined
              throw error
            })
          if (now) return out.answer(now, ({ on }) => `Notices are ${on ? 'on' : 'off'}.`)
          tellPlan(out, await api.call<Operation>('POST', '/api/v1/operations/turn-notices-on', { body: {} }))
        }),
      )
  }
}

function templateVerbs(notices: Command, act: Act): void {
  const template = notices.command('template').description('the texts')
  template
    .command('show')
    .description('the text of a kind, and what it would say')
    .argument('<kind>', 'such as due-soon')
    .action((kind: string) =>
      act(async (api, out) =>
        out.answer(
          await api.call<Shown>('GET', `/api/v1/notices/templates/${encodeURIComponent(kind)}`),
          shownWords,
        ),
      ),
    )
  drafted(
    template
      .command('set')
      .description('write the library’s own text of a kind; what is not given stays')
      .argument('<kind>', 'such as due-soon'),
  ).action((kind: string, given: Draft) =>
    act(async (api, out) => {
      const path = `/api/v1/notices/templates/${encodeURIComponent(kind)}`
      const { template: now } = await api.call<Shown>('GET', path)
      await api.call('PUT', path, { body: { version: now.version, ...(await draftOf(given, now)) } })
      out.answer(await api.call<Shown>('GET', path), shownWords)
    }),
  )
  drafted(
    template
      .command('preview')
      .description(
        'what a patron would get now of a kind, also in words of a draft; nothing is sent or written',
      )
      .argument('<kind>', 'such as due-soon')
      .argument('<card>', 'the patron’s card number'),
  ).action((kind: string, card: string, given: Draft) =>
    act(async (api, out) => {
      const path = `/api/v1/notices/templates/${encodeURIComponent(kind)}`
      const isDraft = Object.keys(given).length > 0
      const draft = isDraft ? await draftOf(given, (await api.call<Shown>('GET', path)).template) : undefined
      const body = { card, ...(draft ? { draft } : {}) }
      out.answer(await api.call<Previewed>('POST', `${path}/preview`, { body }), previewedWords)
    }),
  )
}

type Draft = { subject?: string; item?: string; body?: string }

function drafted(command: Command): Command {
  return command
    .option('--subject <text>', 'one line')
    .option('--item <text>', 'how one of several things is told')
    .option('--body <file>', 'a file with the text')
}

async function draftOf({ subject, item, body }: Draft, now: Template) {
  return {
    subject: subject ?? now.subject,
    item: item ?? now.item,
    body: body === undefined ? now.body : await readFile(body, 'utf8'),
  }
}

function statusWords({ notices, halted, balance, queue }: Status): string[] {
  const words = { on: 'on', off: 'off', elsewhere: 'on at another installation, silent here' }
  const { caused, sent, queued, dead, difference } = balance
  const waiting = Object.entries(queue).filter(([, each]) => each.queued + each.dead > 0)
  return [
    `Notices are ${words[notices]}.`,
    ...(halted ? [`Nothing goes out since ${halted.since}: ${halted.because}.`] : []),
    `Caused ${caused} = sent ${sent} + queued ${queued} + dead ${dead} + void ${balance.void}.`,
    ...(difference === 0 ? [] : [`The ledger disagrees by ${difference}: somebody went past Bibby.`]),
    ...table(waiting.map(([kind, each]) => [kind, `${each.queued} queued`, `${each.dead} dead`])),
  ]
}

function previewWords({ wouldCause, over, withoutAddress }: Preview): string[] {
  return [
    ...table(
      wouldCause.map(({ kind, card, name, email, facts }) => [kind, card, name, email, facts.title ?? '']),
    ),
    `${wouldCause.length} notices; ${over} more are due, over the most of one run.`,
    `${withoutAddress} patrons with loans or holds have no address.`,
  ]
}

function listWords({ notices }: { notices: Listed[] }): string[] {
  if (notices.length === 0) return ['None.']
  return table(
    notices.map(({ id, kind, card, causedAt, tries, because, lastOutcome }) => [
      id,
      kind,
      card ?? '(forgotten)',
      causedAt,
      `${tries} tries`,
      because ?? lastOutcome ?? '',
    ]),
  )
}

function shownWords({ template, sample }: Shown): string[] {
  return [
    `subject: ${template.subject}`,
    `item: ${template.item}`,
    ...template.body.split('\n'),
    `(${template.isOwn ? 'the library’s own' : 'Bibby’s'}, version ${template.version})`,
    '',
    'It would say:',
    sample.subject,
    '',
    ...sample.text.split('\n'),
  ]
}

function previewedWords({ card, name, shows, letters }: Previewed): string[] {
  const whom = name === '' ? card : `${name} (${card})`
  const words = {
    'what-is-due': `To ${whom}, as it would go out now:`,
    'nothing-due': `Nothing of this kind is due for ${whom} now. These things are made up:`,
    'no-address': `${whom} has no mail address and gets nothing. These things are made up:`,
  }
  return [
    words[shows],
    ...letters.flatMap(({ subject, text, isWritten }) => [
      '',
      ...(isWritten ? ['Written before; it goes out in these words, whatever the template says:'] : []),
      subject,
      '',
      ...text.split('\n'),
    ]),
    'Nothing was sent or written.',
  ]
}

function whole(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A whole number is wanted.')
}
