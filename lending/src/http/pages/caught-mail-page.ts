import { caughtBounds } from '@bibby/notices/caught-files.ts'
import type { FastifyRequest } from 'fastify'
import {
  type CaughtMail,
  caughtMail,
  caughtMails,
  caughtMax,
  type MailGoes,
  mailBytesMax,
} from '../../notices/caught-mail.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { maySettle } from './notices-page.ts'
import { type Served, show, visitOf } from './serve-page.ts'
import { type Visit, zoneOf } from './visit.ts'
import { bytesText, moment } from './wording.ts'

type AtMail = FastifyRequest<{ Params: { name: string } }>

/** The mail that was caught instead of being sent, for operators; as text, whatever a mail may hold. */
export function caughtMailPages(served: Served): void {
  const { app, library } = served
  app.get('/notices/mail', { config: maySettle }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const frame = {
      title: 'Caught mail',
      door: '/notices',
      lead: 'What was written to patrons and staff, and delivered to nobody.',
    }
    const { mailGoes, dataFolder, isProduction } = library
    const content =
      mailGoes === 'to-files' ? listView(visit, await caughtMails(dataFolder)) : notCaught(mailGoes)
    return show(
      reply,
      visit,
      frame,
      html`<div class="stack">${backTo('/notices', 'notices')}${mailGoes === 'to-files' && isProduction && nobodyIsTold()}${content}</div>`,
    )
  })

  app.get('/notices/mail/:name', { config: maySettle }, async (request: AtMail, reply) => {
    const { mailGoes, dataFolder } = library
    const mail = mailGoes === 'to-files' ? await caughtMail(dataFolder, request.params.name) : undefined
    if (!mail) throw new RefusedAtTheDoorError('not-found')
    const visit = await visitOf(served, request, reply)
    const frame = { title: mail.said?.subject || mail.name, door: '/notices' }
    return show(reply, visit, frame, mailView(visit, mail))
  })
}

const backTo = (path: string, words: string) => html`<p><a href="${path}">Back to ${words}</a></p>`

function nobodyIsTold(): Html {
  return notice(visit, 'warn', {
    title: 'This is production, and nobody gets mail.',
    body: html`<p>Set BIBBY_SMTP_URL. The codes that confirm operations are not among this mail: who reads it could confirm their own.</p>`,
  })
}

function notCaught(goes: Exclude<MailGoes, 'to-files'>): Html {
  return notice(visit, 'plain', {
    title:
      goes === 'to-a-server' ? 'Mail goes to a mail server.' : 'Mail is given to a notice service elsewhere.',
    body: html`<p>None is caught here. Without BIBBY_SMTP_URL and BIBBY_NOTICE_URL each mail would be a file of the data folder, to be read on this page.</p>`,
  })
}

function listView(visit: Visit, { mails, notAll }: Awaited<ReturnType<typeof caughtMails>>): Html {
  if (mails.length === 0) return html`<p class="empty">No mail was caught yet.</p>`
  return html`${
    notAll &&
    notice(visit, 'warn', {
      title: 'There are more files than were looked at.',
      body: html`<p>Newer mail may be missing here. Remove old files from the folder notices/mail of the data folder.</p>`,
    })
  }<ul class="rows">${mails.map((mail) => mailRow(visit, mail))}</ul>
    <p class="soft">${mails.length === caughtMax && `These are the newest ${caughtMax}. `}Caught mail is removed after ${caughtBounds.daysMax} days, but for the newest ${caughtBounds.newestStay}.</p>`
}

function mailRow(visit: Visit, mail: CaughtMail): Html {
  const { name, said, bytes, caughtAt } = mail
  return html`<li><div><p class="work"><a href="/notices/mail/${name}"><bdi dir="auto">${said?.subject || name}</bdi></a></p>
    <p class="under"><bdi>${said ? `To ${said.to}` : bytes > mailBytesMax && tooLarge}</bdi></p></div>
    <p class="end small">${moment(visit, caughtAt)}<br>${bytesText(visit, bytes)}</p></li>`
}

const tooLarge = 'Too large to be read here'

function mailView(visit: Visit, { name, said, bytes, caughtAt }: CaughtMail): Html {
  const why = bytes > mailBytesMax ? `${tooLarge}.` : 'It cannot be read as a mail.'
  return html`<div class="stack">${backTo('/notices/mail', 'caught mail')}
    <section class="panel stack-tight" aria-label="The mail"><dl class="facts">
      ${said && html`<dt>To</dt><dd><bdi>${said.to}</bdi></dd><dt>From</dt><dd><bdi>${said.from}</bdi></dd>`}
      <dt>Caught</dt><dd>${moment(visit, caughtAt)}, ${bytesText(visit, bytes)}</dd>
      <dt>File</dt><dd class="code">${name}</dd>
      ${said && said.attachments.length > 0 && html`<dt>Attached</dt><dd><bdi>${said.attachments.join(', ')}</bdi></dd>`}
    </dl>${
      said
        ? said.text === undefined
          ? html`<p>It has no plain text.</p>`
          : html`<div class="letter" dir="auto">${said.text}</div>`
        : html`<p>${why}</p>`
    }</section></div>`
}
