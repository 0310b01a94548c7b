/** One setting of the notice service, as the operator knows it: an environment variable. */
export type NoticeSetting = {
  readonly name: `BIBBY_${string}`
  /** In words, for the page of settings; what the code uses stands in config.ts. */
  readonly byDefault: string
  /** What its text must be: `port`, `yes or no`, `path`. */
  readonly unit: string
  readonly meaning: string
}

/** The settings that only the notice service reads. docs/reference/settings.md tells the same; a test compares. */
export const noticeSettings: readonly NoticeSetting[] = [
  {
    name: 'BIBBY_NOTICE_HOST',
    byDefault: '`127.0.0.1`',
    unit: 'IP address or host name',
    meaning: 'The address that the notice service listens on.',
  },
  {
    name: 'BIBBY_NOTICE_PORT',
    byDefault: '`8081`',
    unit: 'port, 0 to 65535',
    meaning: 'The port that the notice service listens on. 0 lets the system choose a free one.',
  },
  {
    name: 'BIBBY_NOTICE_TOKEN',
    byDefault: 'the content of `notices/notice-token` in the data folder, made at the first start',
    unit: '20 to 200 letters, digits and -._~+/=',
    meaning: 'The secret that the library shows to the notice service. Both must know the same.',
  },
  {
    name: 'BIBBY_SMTP_URL',
    byDefault: 'none: mail is caught in `notices/mail` of the data folder, and nobody gets any',
    unit: 'smtp:// or smtps:// address',
    meaning:
      'The mail server, with user and password inside where it asks for them. Outside production only one on this machine is taken, or any with BIBBY_MAIL_ONLY_TO.',
  },
  {
    name: 'BIBBY_SMTP_TLS',
    byDefault: '`yes`, for a mail server on this machine `no`',
    unit: 'yes or no',
    meaning: 'Whether smtp:// must become encrypted (STARTTLS) before a password or a mail is sent.',
  },
  {
    name: 'BIBBY_MAIL_FROM',
    byDefault: '`Bibby <library@bibby.invalid>`; with BIBBY_SMTP_URL it must be set',
    unit: 'address, or name <address>',
    meaning: 'Whom notices come from.',
  },
  {
    name: 'BIBBY_MAIL_ONLY_TO',
    byDefault: 'anyone',
    unit: 'addresses and domains with commas between',
    meaning: 'The only addresses and domains that get mail. Notices to all others are refused.',
  },
]

/** What the notice service reads of the library’s settings, with the words of the library’s page. */
export const sharedSettings: readonly Pick<NoticeSetting, 'name' | 'unit'>[] = [
  { name: 'BIBBY_DATA', unit: 'path' },
  { name: 'BIBBY_ENVIRONMENT', unit: 'development or production' },
  { name: 'BIBBY_LOG_LEVEL', unit: 'fatal, error, warn, info, debug or silent' },
]
