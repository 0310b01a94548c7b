#!/usr/bin/env node
import { outOn } from './out.ts'
import { runBibby } from './program.ts'

const { talk } = outOn({ stdout: process.stdout, stderr: process.stderr, json: false })
process.exitCode = await runBibby(process.argv.slice(2), talk)
