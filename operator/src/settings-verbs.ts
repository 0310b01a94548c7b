import { InvalidArgumentError } from 'commander'
import type { Verbs } from './act.ts'
import { amount, table } from './out.ts'

type Settings = {
  name: string
  currency: string
  holdShelfDays: number
  forgetAfterDays: number
  blockAtCents: number
  version: number
}
type Changes = Partial<Omit<Settings, 'version' | 'blockAtCents'>> & { blockAt?: number }

/** settings show and set. */
export const settingsVerbs: Verbs = (program, act) => {
  const settings = program.command('settings').description('what the library as a whole has settled')
  settings
    .command('show', { isDefault: true })
    .description('name, currency and limits of the library; `bibby settings` does the same')
    .action(() =>
      act(async (api, out) => out.answer(await api.call<Settings>('GET', '/api/v1/library'), described)),
    )
  settings
    .command('set')
    .description('change what is given, and leave the rest')
    .option('--name <name>', 'of the library, at the foot of every page')
    .option('--currency <code>', 'three letters, such as EUR; amounts are not converted')
    .option('--hold-shelf-days <n>', 'how long a copy waits for its patron', whole)
    .option('--forget-after-days <n>', 'after a return; what was forgotten does not come back', whole)
    .option('--block-at <amount>', 'the debt that stops lending, such as 10.00', cents)
    .action(({ blockAt, ...changes }: Changes) =>
      act(async (api, out) => {
        const { version } = await api.call<Settings>('GET', '/api/v1/library')
        const body = { version, ...changes, blockAtCents: blockAt }
        out.answer(await api.call<Settings>('PATCH', '/api/v1/library', { body }), described)
      }),
    )
}

function described(settings: Settings): string[] {
  return table([
    ['name', settings.name],
    ['currency', settings.currency],
    ['days on the hold shelf', String(settings.holdShelfDays)],
    ['days until a loan is forgotten', String(settings.forgetAfterDays)],
    ['debt that stops lending', amount(settings.blockAtCents)],
  ])
}

function whole(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A whole number is wanted.')
}

function cents(text: string): number {
  const found = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(text)
  if (found) return Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'))
  throw new InvalidArgumentError('An amount such as 10.00 is wanted.')
}
