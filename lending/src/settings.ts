/** One setting, as the operator knows it: an environment variable. */
export type Setting = {
  readonly name: `BIBBY_${string}`
  /** In words, for the page of settings; what the code uses stands in config.ts. */
  readonly byDefault: string
  /** What its text must be: `port`, `yes or no`, `path`. */
  readonly unit: string
  readonly meaning: string
}

/** Every setting that Bibby reads. docs/reference/settings.md tells the same, and a test compares the two. */
export const settings: readonly Setting[] = [
  {
    name: 'BIBBY_DATA',
    byDefault: '`data` in the project, or `/var/lib/bibby` when root’s project is out of others’ reach',
    unit: 'path',
    meaning:
      'The folder of everything that is kept: database, uploads, covers, exports, rejects, sign-in.txt.',
  },
  {
    name: 'BIBBY_HOST',
    byDefault: '`127.0.0.1`',
    unit: 'IP address or host name',
    meaning: 'The address to listen on. `0.0.0.0` or `::` lets other machines in.',
  },
  {
    name: 'BIBBY_PORT',
    byDefault: '`8080`',
    unit: 'port, 0 to 65535',
    meaning: 'The port to listen on. 0 lets the system choose a free one, which is then printed.',
  },
  {
    name: 'BIBBY_DATABASE_URL',
    byDefault: 'the PostgreSQL 18 that Bibby brings and runs itself',
    unit: 'postgresql:// address',
    meaning: 'A PostgreSQL 15 or newer of your own, with the extensions pg_trgm and fuzzystrmatch.',
  },
  {
    name: 'BIBBY_ENVIRONMENT',
    byDefault: '`development`',
    unit: 'development or production',
    meaning: 'In production no sample library is loaded and no password is printed unless asked for.',
  },
  {
    name: 'BIBBY_LOG_LEVEL',
    byDefault: '`warn`, in production `info`',
    unit: 'fatal, error, warn, info, debug or silent',
    meaning: 'How much is logged, as JSON lines on standard output.',
  },
  {
    name: 'BIBBY_SAMPLE',
    byDefault: '`yes`, in production `no`',
    unit: 'yes or no',
    meaning:
      'Whether an empty database is filled with the sample library; a library that exists is left alone.',
  },
  {
    name: 'BIBBY_SECOND_PERSON',
    byDefault: '`no`, in production `yes`',
    unit: 'yes or no',
    meaning: 'Whether deleting all books needs a second person, who approves it before it can be confirmed.',
  },
  {
    name: 'BIBBY_TRUST_PROXY',
    byDefault: '`no`',
    unit: 'no, or IP addresses and networks with commas between',
    meaning: 'The proxies whose X-Forwarded-For is believed. Anyone else’s is ignored.',
  },
  {
    name: 'BIBBY_MONITORS',
    byDefault: '`no`',
    unit: 'no, or IP addresses and networks with commas between',
    meaning: 'The machines, beside this one, that may read /metrics and all of /actuator/info.',
  },
  {
    name: 'BIBBY_NOTICE_URL',
    byDefault: 'a notice service that Bibby starts itself',
    unit: 'http:// or https:// address',
    meaning: 'The notice service, where somebody else runs it. None is started then.',
  },
  {
    name: 'BIBBY_CODE_WEBHOOK_URL',
    byDefault: 'none: the codes of operations go by mail',
    unit: 'https:// address, or http:// on this machine',
    meaning:
      'Where the codes that confirm operations are posted to instead, as JSON: `{id, to: {login, name, email}, subject, text}`. In production without a mail server this is the only way.',
  },
  {
    name: 'BIBBY_CODE_WEBHOOK_TOKEN',
    byDefault: 'none',
    unit: '1 to 500 visible ASCII characters',
    meaning: 'Sent there as `Authorization: Bearer`.',
  },
  {
    name: 'BIBBY_BACKUP',
    byDefault: '`yes`; with BIBBY_DATABASE_URL `no`',
    unit: 'yes or no',
    meaning:
      'Whether `npm start` takes a backup every day, and on its own PostgreSQL keeps the log, from which any second can be restored.',
  },
  {
    name: 'BIBBY_BACKUP_FOLDER',
    byDefault: '`backups` in the data folder',
    unit: 'path',
    meaning: 'Where backups are kept. Best on another disk than the data.',
  },
  {
    name: 'BIBBY_BACKUP_SECOND_FOLDER',
    byDefault: 'none',
    unit: 'path',
    meaning: 'Where each proven backup and the log are copied to as well, such as a disk of another machine.',
  },
  {
    name: 'BIBBY_BACKUP_HOUR',
    byDefault: '`2`',
    unit: 'hour of the day, 0 to 23',
    meaning: 'When the daily backup is taken, by the machine’s clock. One that was missed is made up for.',
  },
  {
    name: 'BIBBY_BACKUP_KEEP',
    byDefault: '`7`',
    unit: 'whole number, 1 to 1000',
    meaning: 'How many proven backups are kept. The newest one always is.',
  },
  {
    name: 'BIBBY_SERVER',
    byDefault: 'the library of BIBBY_DATA or BIBBY_DATABASE_URL, without a server',
    unit: 'http:// or https:// address',
    meaning: 'The running Bibby that the bibby command talks to.',
  },
  {
    name: 'BIBBY_TOKEN',
    byDefault: 'none',
    unit: 'the token of a session',
    meaning: 'Whom the bibby command is signed in as at BIBBY_SERVER.',
  },
]
