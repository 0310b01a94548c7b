import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Config, Target } from '../config/config.ts'
import { ask } from '../probes/ask.ts'
import { differing, type Files, writeFile, writeFolder } from './folder.ts'
import { below, compareAt, namesToRead } from './read-back.ts'

type PutTarget = Extract<Target, { kind: 'put' }>

const wordsMost = 500

/**
 * Brings a target to these files and reads them back; what was put and is lost or altered there is put again. Gives the
 * names of those; rejects with a sentence.
 */
export async function send(
  config: Config,
  target: Target,
  { files, turn }: { files: Files; turn?: number | undefined },
): Promise<string[]> {
  switch (target.kind) {
    case 'folder':
      await writeFolder(target.folder, files)
      await compareFolder(target.folder, files)
      break
    case 'command':
      await runCommand(config, target, files)
      break
    case 'put':
      await putFiles(config, target, files)
      break
  }
  const url = target.url ?? (target.kind === 'put' ? target.to : null)
  if (url === null) return []
  let others = await compareAt(url, files, namesToRead(files, turn))
  const lost = target.kind === 'put' ? [...others.keys()] : []
  if (target.kind === 'put' && lost.length > 0) {
    for (const name of lost) await putFile(config, target, { name, content: files.get(name) ?? '' })
    others = await compareAt(url, files, lost)
  }
  const [problem] = others.values()
  if (problem !== undefined) throw new Error(problem)
  return lost
}

async function compareFolder(folder: string, files: Files): Promise<void> {
  const others = await differing(folder, files)
  if (others.length > 0) throw new Error(`${others[0]} reads back other than it was written.`)
}

/** Where what goes out is kept on this side. */
function outgoing(config: Config, { name }: Target): string {
  return join(config.data, 'outgoing', name)
}

async function runCommand(
  config: Config,
  target: Extract<Target, { kind: 'command' }>,
  files: Files,
): Promise<void> {
  const folder = outgoing(config, target)
  await writeFolder(folder, files)
  const [program = '', ...rest] = target.command.map((word) => word.replaceAll('{folder}', folder))
  const child = spawn(program, rest, {
    cwd: config.base,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // All of its group: what it started would keep its words open.
  const timer = setTimeout(() => endGroup(child.pid), target.timeoutMs)
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    words = (words + piece).slice(-wordsMost)
  })
  // Its end, and not that of whoever it left behind with its words open.
  const [code, signal] = (await once(child, 'exit').finally(() => clearTimeout(timer))) as [
    number | null,
    string | null,
  ]
  await setImmediate()
  child.stderr.destroy()
  if (code === 0) return
  const how = signal === null ? `exits with ${code}` : `was ended after ${target.timeoutMs} ms`
  throw new Error(`${program} ${how}${words.trim() === '' ? '' : `: ${words.trim()}`}.`)
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

/** Puts what is another than last time; what was taken is remembered on this side. */
async function putFiles(config: Config, target: PutTarget, files: Files): Promise<void> {
  const folder = outgoing(config, target)
  const names = (await differing(folder, files)).toSorted(
    (a, b) => Number(a === 'index.html') - Number(b === 'index.html'),
  )
  for (const name of names) {
    const content = files.get(name) ?? ''
    await putFile(config, target, { name, content })
    await writeFile(folder, name, content)
  }
}

async function putFile(
  config: Config,
  target: PutTarget,
  { name, content }: { name: string; content: string },
): Promise<void> {
  const { status } = await ask(below(target.to, name), {
    method: 'PUT',
    timeoutMs: target.timeoutMs,
    body: content,
    headers: {
      'content-type': typeOf(name),
      ...(target.token ? { authorization: `Bearer ${config.secretAt(target.token)}` } : {}),
    },
  })
  if (status < 200 || status > 299) throw new Error(`Putting ${name} is answered with status ${status}.`)
}

/** What a file is, by its name. */
export function typeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1)
  return types.get(ending) ?? 'application/octet-stream'
}

const types = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['json', 'application/json; charset=utf-8'],
  ['svg', 'image/svg+xml; charset=utf-8'],
  ['rss', 'application/rss+xml; charset=utf-8'],
  ['atom', 'application/atom+xml; charset=utf-8'],
  ['xml', 'application/xml; charset=utf-8'],
  ['txt', 'text/plain; charset=utf-8'],
])
