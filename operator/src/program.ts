import { BackupError } from '@bibby/lending/backups/backup-error.ts'
import { type Config, isWebAddress, readConfig } from '@bibby/lending/config.ts'
import { answers } from '@bibby/lending/http/answers.ts'
import { StartError } from '@bibby/lending/start-error.ts'
import { bibbyVersion } from '@bibby/lending/version.ts'
import { Command, CommanderError, Option } from 'commander'
import type { Act } from './act.ts'
import { type Api, apiAt, ProblemError } from './api.ts'
import { auditVerbs } from './audit-verbs.ts'
import { backupVerbs } from './backup-verbs.ts'
import { catalogueVerbs } from './catalogue-verbs.ts'
import { circulationVerbs, holdVerbs } from './circulation-verbs.ts'
import { cleanupVerbs } from './cleanup-verbs.ts'
import { barcodeVerbs, cardVerbs } from './format-verbs.ts'
import { haltVerbs } from './halt-verbs.ts'
import { importVerbs } from './import-verbs.ts'
import { noticeVerbs } from './notice-verbs.ts'
import { operationVerbs } from './operation-verbs.ts'
import { type Out, outOn } from './out.ts'
import { patronVerbs } from './people-verbs.ts'
import { reportVerbs } from './report-verbs.ts'
import { restoreVerbs } from './restore-verbs.ts'
import { journalVerb, ruleVerbs } from './rule-verbs.ts'
import { sentence } from './sentence.ts'
import { checked, serviceVerbs } from './service-verbs.ts'
import { settingsVerbs } from './settings-verbs.ts'
import { shelfVerbs } from './shelf-verbs.ts'
import { staffVerbs } from './staff-verbs.ts'
import { startVerb } from './start.ts'

/** Exit codes of every verb; see docs/reference/commands.md. */
const failed = 1
const misuse = 2
const refused = 3

/** The command, all verbs registered, not yet run. */
export function bibbyProgram(): Command {
  const program = new Command('bibby')
    .description('A library lending system that refuses disasters.')
    .version(bibbyVersion())
    .addOption(new Option('--server <address>', 'a running Bibby; the library of this machine if not given'))
    .option('--json', 'answer in JSON on standard output')
    .showSuggestionAfterError()
    .exitOverride()
  const out = () =>
    outOn({
      stdout: process.stdout,
      stderr: process.stderr,
      json: program.opts<{ json?: true }>().json === true,
    })
  const act: Act = async (work, { pastServer } = {}) => {
    const config = checked(readConfig())
    const named = asked(program.opts<{ server?: string }>().server) ?? config.server
    const server = pastServer ? undefined : named
    const say = out()
    await using api = server === undefined ? await here(config, say) : apiAt(server, config.token ?? '')
    await work(api, say)
  }
  startVerb(program)
  for (const verbs of [
    circulationVerbs,
    holdVerbs,
    catalogueVerbs,
    reportVerbs,
    importVerbs,
    patronVerbs,
    staffVerbs,
    settingsVerbs,
    ruleVerbs,
    barcodeVerbs,
    cardVerbs,
    shelfVerbs,
    journalVerb,
    haltVerbs,
    noticeVerbs,
    operationVerbs,
    auditVerbs,
  ]) {
    verbs(program, act)
  }
  cleanupVerbs(program, out)
  backupVerbs(program, out)
  restoreVerbs(program, out)
  serviceVerbs(program, act, out)
  return program
}

function asked(server: string | undefined): string | undefined {
  if (server === undefined || isWebAddress(server)) return server
  throw new StartError(
    'BIBBY_SETTINGS_INVALID',
    '--server must be a web address, such as http://127.0.0.1:8080.',
  )
}

/** The whole server is loaded only by a verb that needs it. */
async function here(config: Config, { progress }: Out): Promise<Api> {
  const { apiHere } = await import('./here.ts')
  return apiHere(config, progress)
}

/** Runs the command on these arguments and gives the exit code; what went wrong is told on stderr. */
export async function runBibby(args: readonly string[], talk: Out['talk']): Promise<number> {
  process.exitCode = undefined
  try {
    await bibbyProgram().parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (!(error instanceof CommanderError)) talk(sentence(error))
    return exitCodeOf(error)
  }
}

function exitCodeOf(error: unknown): number {
  // Commander has said what was wrong. Asking for help or the version is no misuse.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misuse
  if (error instanceof StartError || error instanceof BackupError) return error.exitCode
  if (!(error instanceof ProblemError)) return failed
  const { code, status } = error.problem
  const known = (answers as Readonly<Record<string, { exit: number }>>)[code]
  if (known) return known.exit
  return status >= 500 ? failed : status === 401 || status === 403 ? refused : misuse
}
