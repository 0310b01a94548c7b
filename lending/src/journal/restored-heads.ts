import { lastLine, writeLine } from './audit-heads.ts'
import { parsedMark, type RestoredMark } from './restored-mark.ts'

/** Writes the mark once, behind all heads that there are. */
export async function noteRestored(dataFolder: string, mark: RestoredMark): Promise<void> {
  if (parsedMark(await lastLine(dataFolder))?.restored === mark.restored) return
  await writeLine(dataFolder, mark)
}
