import { execFileSync } from 'node:child_process'

/** Mounts a folder over another until the end of the block; undefined where we may not. */
export function bound(from: string, to: string): Disposable | undefined {
  return mounted(['--bind', from, to], to)
}

/** A small file system in memory over a folder until the end of the block; undefined where we may not. */
export function small(to: string, kibibytes: number): Disposable | undefined {
  return mounted(['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', to], to)
}

function mounted(args: readonly string[], to: string): Disposable | undefined {
  try {
    execFileSync('mount', args, { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return { [Symbol.dispose]: () => void execFileSync('umount', [to]) }
}
