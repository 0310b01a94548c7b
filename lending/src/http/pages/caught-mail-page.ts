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
import type { Visit } from './visit.ts'
import { bytesText, moment } from './wording.ts'

type AtMail = FastifyRequest<{ Params: { name: string } }>

/** The mail that was caught instead of being sent, for operators; as text, whatever a mail may hold. */
export function caughtMailPages(served: Served): void {
  const { app, library } = served
  app.get('/notices/mail', { config: maySettle }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const frame = {
      title: visit.say('mail.title'),
      door: '/notices',
      lead: visit.say('mail.lead'),
    }
    const { mailGoes, dataFolder, isProduction } = library
    const content =
      mailGoes === 'to-files' ? listView(visit, await caughtMails(dataFolder)) : notCaught(visit, mailGoes)
    return show(
      reply,
      visit,
      frame,
      html`<div class="stack">${backTo('/notices', visit.say('notices.back'))}${mailGoes === 'to-files' && isProduction && nobodyIsTold(visit)}${content}</div>`,
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

const backTo = (path: string, words: string) => html`<p><a href="${path}">${words}</a></p>`

function nobodyIsTold(visit: Visit): Html {
  return notice(visit, 'warn', {
    title: visit.say('mail.production'),
    body: html`<p>${visit.say('mail.production-next')}</p>`,
  })
}

function notCaught(visit: Visit, goes: Exclude<MailGoes, 'to-files'>): Html {
  return notice(visit, 'plain', {
    title: visit.say(`mail.${goes}`),
    body: html`<p>${visit.say('mail.none-here')}</p>`,
  })
}

function listView(visit: Visit, { mails, notAll }: Awaited<ReturnType<typeof caughtMails>>): Html {
  const { say } = visit
  if (mails.length === 0) return html`<p class="empty">${say('mail.none-yet')}</p>`
  return html`${
    notAll &&
    notice(visit, 'warn', {
      title: say('mail.more-files'),
      body: html`<p>${say('mail.more-files-next')}</p>`,
    })
  }<ul class="rows">${mails.map((mail) => mailRow(visit, mail))}</ul>
    <p class="soft">${mails.length === caughtMax && `${say('mail.newest', { count: caughtMax })} `}${say('mail.removed', { days: caughtBounds.daysMax, stay: caughtBounds.newestStay })}</p>`
}

function mailRow(visit: Visit, mail: CaughtMail): Html {
  const { say } = visit
  const { name, said, bytes, caughtAt } = mail
  return html`<li><div><p class="work"><a href="/notices/mail/${name}"><bdi dir="auto">${said?.subject || name}</bdi></a></p>
    <p class="under"><bdi>${said ? say('mail.to-whom', { to: said.to }) : bytes > mailBytesMax && say('mail.too-large')}</bdi></p></div>
    <p class="end small">${moment(visit, caughtAt)}<br>${bytesText(visit, bytes)}</p></li>`
}

function mailView(visit: Visit, { name, said, bytes, caughtAt }: CaughtMail): Html {
  const { say } = visit
  const why = say(bytes > mailBytesMax ? 'mail.too-large-here' : 'mail.unreadable')
  return html`<div class="stack">${backTo('/notices/mail', say('mail.back'))}
    <section class="panel stack-tight" aria-label="${say('mail.the-mail')}"><dl class="facts">
      ${said && html`<dt>${say('mail.to')}</dt><dd><bdi>${said.to}</bdi></dd><dt>${say('mail.from')}</dt><dd><bdi>${said.from}</bdi></dd>`}
      <dt>${say('mail.caught')}</dt><dd>${say('mail.caught-at', { at: moment(visit, caughtAt), size: bytesText(visit, bytes) })}</dd>
      <dt>${say('mail.file')}</dt><dd class="code">${name}</dd>
      ${said && said.attachments.length > 0 && html`<dt>${say('mail.attached')}</dt><dd><bdi>${said.attachments.join(', ')}</bdi></dd>`}
    </dl>${
      said
        ? said.text === undefined
          ? html`<p>${say('mail.no-text')}</p>`
          : html`<div class="letter" dir="auto">${said.text}</div>`
        : html`<p>${why}</p>`
    }</section></div>`
}
