#!/usr/bin/env node
import { suitOneProcessor } from './one-processor.ts'
import { outOn } from './out.ts'
import { runBibby } from './program.ts'
import { mindTheReader } from './standard-output.ts'

// The other verbs do not live long enough.
if (process.argv[2] === 'start') suitOneProcessor()
const { talk } = outOn({ stdout: process.stdout, stderr: process.stderr, json: false })
mindTheReader(talk)
const exitCode = await runBibby(process.argv.slice(2), talk)
process.exitCode ||= exitCode
