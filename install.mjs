// Runs before `npm start` and `npm test`, on whatever Node the system has: installs what the lock file names,
// once. With --with-system-packages it also brings the browser that the page tests drive.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const installedAt = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0)

if (installedAt('node_modules/.package-lock.json') < installedAt('package-lock.json')) {
  run('npm', ['ci', '--no-audit', '--no-fund'])
}
if (process.argv.includes('--with-system-packages')) bringChromium()

function bringChromium() {
  if (existsSync('/usr/bin/chromium')) return
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    run('apt-get', ['update', '-qq'])
    run('apt-get', [
      'install',
      '-y',
      '-qq',
      '--no-install-recommends',
      'chromium',
      'fonts-noto-core',
      'fonts-noto-cjk',
    ])
  } else {
    console.log(
      'No /usr/bin/chromium: the page tests will be skipped. Install your system’s chromium to run them.',
    )
  }
}

function run(command, args) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) process.exit(status ?? 1)
}
