import { endRun } from './run-folder.ts'

// The watcher of a test run: its input closes when the run ends, in whatever way.

const [folder] = process.argv.slice(2)
process.stdin.on('end', () => {
  if (folder) void endRun(folder)
})
process.stdin.resume()
