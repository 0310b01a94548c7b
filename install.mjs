// Runs before `npm start` and `npm test`, on whatever Node the system has: installs what the lock file names,
// once. With --with-system-packages it also brings the programs of the system that tests drive.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const oldestNode = 20
const waitLimitMs = 15 * 60_000
const pollMs = 500
const systemPackages = [
  {
    program: '/usr/bin/chromium-headless-shell',
    debian: ['chromium-headless-shell', 'fonts-noto-core', 'fonts-noto-cjk'],
    suites: 'the page tests',
  },
  { program: '/usr/sbin/haproxy', debian: ['haproxy', 'openssl'], suites: 'the tests behind a proxy' },
  { program: '/usr/bin/shellcheck', debian: ['shellcheck'], suites: 'the checks of shell scripts' },
  { program: '/usr/bin/shfmt', debian: ['shfmt'], suites: 'the checks of shell scripts' },
]
/** One program each out of a package that would also start a service: it is taken from the package, which is not installed. */
const takenPrograms = [
  { program: '/usr/bin/promtool', debian: 'prometheus', suites: 'the tests of the alarms' },
  { program: '/usr/bin/amtool', debian: 'prometheus-alertmanager', suites: 'the tests of the alarms' },
]
/** Where they are put; the tests look here too. */
const takenFolder = join('node_modules', '.cache', 'debian')

if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  fail(`Bibby needs Node ${oldestNode} or newer to install itself; this is ${process.version}.`)
}
if (!isInstalled()) alone(install)
if (process.argv.includes('--with-system-packages')) bringSystemPackages()

/** npm writes its hidden lock file last: without it, or older than ours, an install was cut off or is out of date. */
function isInstalled() {
  const changedAt = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0)
  const npmDone = changedAt('node_modules/.package-lock.json')
  return npmDone > 0 && npmDone >= changedAt('package-lock.json') && existsSync('node_modules/.bin/node')
}

function install() {
  if (isInstalled()) return
  console.log('Installing what Bibby needs into node_modules (once; some 400 MB, and the network is needed).')
  // Not `npm ci`: it refuses a lock file that lacks the optional packages of some other platform, which is what npm
  // writes wherever a registry has not got them yet. The versions are the lock file’s either way. Warnings that the
  // system’s Node is too old for a package are idle: Bibby runs on the Node that comes with this very install.
  run('npm', ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  if (!isInstalled()) {
    fail('npm did not finish: is it told to ignore scripts? Node 24 and PostgreSQL come by install scripts.')
  }
}

/** Two first starts at once would pull node_modules from under each other: the second waits for the first. */
function alone(work) {
  const lock = join(
    tmpdir(),
    `bibby-install-${createHash('sha256').update(process.cwd()).digest('hex').slice(0, 16)}`,
  )
  const holder = join(lock, 'pid')
  for (let waitedMs = 0; !taken(lock); waitedMs += pollMs) {
    if (waitedMs === 0) console.log('Another start is installing already; waiting for it.')
    if (waitedMs > waitLimitMs)
      fail(`Another start has been installing for too long. If none is, remove ${lock}.`)
    if (waitedMs > 0 && !isAlive(holder)) rmSync(lock, { recursive: true, force: true })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMs)
  }
  writeFileSync(holder, String(process.pid))
  process.on('exit', () => rmSync(lock, { recursive: true, force: true }))
  work()
}

function taken(lock) {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function isAlive(holder) {
  try {
    process.kill(Number(readFileSync(holder, 'utf8')), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** What suites need beside Node: who is not root on Debian is told which of them will be skipped, and goes on. */
function bringSystemPackages() {
  const missing = systemPackages.filter(({ program }) => !existsSync(program))
  const notTaken = takenPrograms.filter(
    ({ program }) => !existsSync(program) && !existsSync(join(takenFolder, basename(program))),
  )
  if (missing.length === 0 && notTaken.length === 0) return
  const isDebian = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  const isUpdated = isDebian && tried('apt-get', ['update', '-qq'])
  if (isDebian && missing.length > 0) {
    const packages = missing.flatMap(({ debian }) => debian)
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages])
  }
  const absent = isUpdated ? notTaken.filter((each) => !isTaken(each)) : notTaken
  for (const { program, suites } of isDebian ? absent : [...missing, ...absent]) {
    console.log(
      `No ${program}: ${suites} will be skipped. Install it with your system’s packages to run them.`,
    )
  }
}

/** Nothing of the package is set up: no user is made, no service is enabled or started. */
function isTaken({ program, debian }) {
  const folder = mkdtempSync(join(tmpdir(), 'bibby-package-'))
  try {
    const content = join(folder, 'content')
    if (!tried('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', debian], folder)) return false
    if (!tried('dpkg-deb', ['--extract', join(folder, ...readdirSync(folder)), content])) return false
    mkdirSync(takenFolder, { recursive: true })
    copyFileSync(join(content, program), join(takenFolder, basename(program)))
    return true
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function run(command, args) {
  if (!tried(command, args)) process.exit(1)
}

function tried(command, args, cwd = process.cwd()) {
  const { status } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return status === 0
}

function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}
