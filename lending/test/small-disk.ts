import { execFileSync } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Why a test that needs a disk of its own cannot run here; false where it can. */
export const noSmallDisk =
  (process.platform !== 'linux' || process.getuid?.() !== 0) && 'only root on Linux can mount'

/** Makes the folder and mounts a disk in memory on it: `await using _ = await mounted(folder, 'size=8m')`. */
export async function mounted(folder: string, options: string): Promise<AsyncDisposable> {
  await mkdir(folder)
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { cwd: dirname(folder) })
  return {
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', folder])
    },
  }
}

/** Makes a mounted disk larger, or smaller at once: the kernel refuses less than what lies on it. */
export function resized(folder: string, size: string): void {
  execFileSync('mount', ['-o', `remount,size=${size}`, folder], { cwd: dirname(folder) })
}

const pieceBytes = 1024 * 1024

/** Takes all the room that the disk of this folder has left, and gives the way to free it again. */
export async function filled(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'ballast')
  const file = await open(path, 'w')
  for (let bytes = pieceBytes; bytes >= 512; ) {
    // What no longer fits is tried in smaller pieces, to the last page.
    const written = await file.write(Buffer.alloc(bytes)).catch(() => undefined)
    if (written?.bytesWritten !== bytes) bytes /= 2
  }
  await file.close()
  return () => rm(path)
}
