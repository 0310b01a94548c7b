#!/usr/bin/env node
import { bibbyVersion } from '@bibby/lending/version.ts'
import { Command, CommanderError } from 'commander'
import { startVerb } from './start.ts'

const program = new Command('bibby')
  .description('A library lending system that refuses disasters.')
  .version(bibbyVersion())
  .showSuggestionAfterError()
  .exitOverride()

startVerb(program)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Commander has said what was wrong. 2 is misuse; asking for help or the version is not.
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
