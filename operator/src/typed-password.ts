import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** No password is longer; what follows is not read. */
const charactersMax = 2_000

/**
 * A password for somebody: typed unseen on a terminal, else the first line of standard input. It is no argument of
 * the command, for those are seen by every user of the machine and kept by the shell.
 */
export async function typedPassword(say: (text: string) => void): Promise<string> {
  const password = process.stdin.isTTY ? await typedUnseen(say) : await firstLine()
  if (password === '')
    throw new Error('No password was given. Type it, or send it as a line of standard input.')
  return password
}

async function typedUnseen(say: (text: string) => void): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, written) => written() })
  const stopping = new AbortController()
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  terminal.once('SIGINT', () => stopping.abort())
  terminal.once('close', () => stopping.abort())
  try {
    say('New password (it is not shown):')
    return await terminal.question('', { signal: stopping.signal })
  } catch {
    return ''
  } finally {
    terminal.close()
  }
}

async function firstLine(): Promise<string> {
  let text = ''
  for await (const part of process.stdin.setEncoding('utf8')) {
    text += part
    if (text.includes('\n') || text.length > charactersMax) break
  }
  return (text.split('\n', 1)[0] ?? '').replace(/\r$/, '').slice(0, charactersMax)
}
