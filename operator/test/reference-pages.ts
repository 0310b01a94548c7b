import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { backupCodes } from '@bibby/lending/backups/backup-error.ts'
import { answers } from '@bibby/lending/http/answers.ts'
import { faultAnswer } from '@bibby/lending/http/faults.ts'
import { type Setting, settings } from '@bibby/lending/settings.ts'
import { startCodes } from '@bibby/lending/start-error.ts'
import { answers as noticeAnswers } from '@bibby/notices/answers.ts'
import { serviceCodes } from '@bibby/notices/service-error.ts'
import { noticeSettings } from '@bibby/notices/settings.ts'
import type { Command } from 'commander'

const root = fileURLToPath(new URL('../../', import.meta.url))
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
const made = 'Made from the code by `npm run reference`; a test compares the two.'

/** docs/reference/settings.md. */
export function settingsPage(): string {
  return page([
    '# Settings',
    'Bibby is set by environment variables, read once at start. All problems are reported together, a name that is not known is refused, and values are never printed.',
    made,
    tableOf(settings),
    '## The notice service',
    'Read by the notice service, which Bibby starts with them. Run alone (`npm run notices`), it also reads `BIBBY_DATA`, `BIBBY_ENVIRONMENT` and `BIBBY_LOG_LEVEL`.',
    tableOf(noticeSettings),
  ])
}

function tableOf(rows: readonly Setting[]): string {
  return table(
    ['name', 'default', 'what it must be', 'meaning'],
    rows.map(({ name, byDefault, unit, meaning }) => [`\`${name}\``, byDefault, unit, meaning]),
  )
}

/** docs/reference/errors.md: refusals, faults, and why a start ends. */
export function errorsPage(): string {
  return page([
    '# Refusals and faults',
    'A **refusal** is an answer: it says why something cannot be done, and what to do next. A **fault** is something that broke; it carries the id of the request under which the log tells more. The API tells both as problem+json with a stable `code` (RFC 9457); the command exits as the table says.',
    made,
    '## Refusals',
    table(
      ['code', 'HTTP', 'exit', 'what it means', 'what to do'],
      Object.entries(answers).map(([code, { status, exit, title, next }]) => [
        `\`${code}\``,
        String(status),
        String(exit),
        title,
        next,
      ]),
    ),
    '## Faults',
    'The exit code is 1. The words say where nothing was written. What a page could not settle is `BIBBY_COMMIT_UNKNOWN`: send the form again, and it is done once.',
    table(
      ['code', 'HTTP', 'what it means', 'what to do'],
      thrownCodes()
        .filter((code) => !(code in startCodes) && !(code in backupCodes))
        .map((code) => {
          const { status, title, next } = faultAnswer(Object.assign(new Error(code), { code }))
          return [`\`${code}\``, String(status), title, next]
        }),
    ),
    'One more is neither: `commit-unknown` (HTTP 504). The connection was lost while the commit was under way, so it may have landed. Ask again with the same `Idempotency-Key`: it is done once, and the outcome comes back.',
    '## Why a backup or a restore ends',
    'It says in a sentence or two what went wrong, to what, and what to do, with one of these codes behind it.',
    table(
      ['code', 'exit'],
      Object.entries(backupCodes).map(([code, exit]) => [`\`${code}\``, String(exit)]),
    ),
    '## Why a start ends',
    'A start that cannot go on says why in one sentence, with one of these codes behind it. `postgres.log` in the data folder may tell more.',
    table(
      ['code', 'exit'],
      Object.entries(startCodes).map(([code, exit]) => [`\`${code}\``, String(exit)]),
    ),
    '## The notice service',
    'It answers in the same form; what each answer promises is told in [Notices](../concepts/notices.md).',
    table(
      ['code', 'HTTP', 'what it means', 'what to do'],
      Object.entries(noticeAnswers).map(([code, { status, title, next }]) => [
        `\`${code}\``,
        String(status),
        title,
        next,
      ]),
    ),
    'Its start ends with one of these, told by the library that started it:',
    table(
      ['code', 'exit'],
      Object.entries(serviceCodes).map(([code, exit]) => [`\`${code}\``, String(exit)]),
    ),
  ])
}

/** docs/reference/commands.md. */
export function commandsPage(program: Command): string {
  return page([
    '# The `bibby` command',
    'In a clone: `npm run bibby -- VERB …`. Without `--server` (or `BIBBY_SERVER`) a verb works on the library of this machine: that of `BIBBY_DATA` or `BIBBY_DATABASE_URL`. Answers go to standard output, talk to standard error; with `--json` the answer is the API’s own.',
    made,
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'done'],
        ['1', 'failed: something broke'],
        ['2', 'misuse: the words of the command or a value do not fit'],
        ['3', 'refused: by a rule of the library, or so that nobody’s data is harmed'],
        ['141', 'an export that nobody read to its end, as in `bibby export … | head`'],
      ],
    ),
    ...verbs(program, 'bibby'),
  ])
}

function verbs(command: Command, path: string): string[] {
  return command.commands
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => {
      const name = `${path} ${each.name()}`
      if (each.commands.length > 0) return verbs(each, name)
      const words = each.registeredArguments.map(
        (argument) => `<${argument.name()}${argument.variadic ? '...' : ''}>`,
      )
      const rows = [
        ...each.registeredArguments
          .filter(({ description }) => description)
          .map((argument) => [`\`${argument.name()}\``, argument.description]),
        ...each.options.map(({ flags, description, mandatory, defaultValue }) => [
          `\`${flags}\``,
          [
            description,
            mandatory ? 'required' : '',
            defaultValue === undefined ? '' : `default ${defaultValue}`,
          ]
            .filter(Boolean)
            .join('; '),
        ]),
      ]
      return [
        `## \`${[name, ...words].join(' ')}\``,
        `${each.description()[0]?.toUpperCase()}${each.description().slice(1)}.`,
        ...(rows.length > 0 ? [table(['word', 'meaning'], rows)] : []),
      ]
    })
}

/** Every fault code that the code can throw, found where it is declared. */
function thrownCodes(): string[] {
  const files = execFileSync(
    'git',
    ['ls-files', '-co', '--exclude-standard', 'lending/src', 'operator/src'],
    { cwd: root, encoding: 'utf8' },
  )
  const found = files
    .split('\n')
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(`${root}${file}`, 'utf8').matchAll(/'(BIBBY_[A-Z_]{1,60})'/g)])
    .map((match) => match[1] ?? '')
    .filter((code) => ![...settings, ...noticeSettings].some(({ name }) => name === code))
  return [...new Set(found)].toSorted()
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`
}
