#!/usr/bin/env node
import { outOn } from './out.ts'
import { runBibby } from './program.ts'
import { mindTheReader } from './standard-output.ts'

const { talk } = outOn({ stdout: process.stdout, stderr: process.stderr, json: false })
mindTheReader(talk)
const exitCode = await runBibby(process.argv.slice(2), talk)
process.exitCode ||= exitCode
