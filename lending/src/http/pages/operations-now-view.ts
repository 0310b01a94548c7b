import type { DrillNoted } from '../../drills-noted.ts'
import type { Instance } from '../../instances/instances.ts'
import { actionWords } from '../../journal/describe.ts'
import type { MessageId } from '../../language/messages.ts'
import { kindNames } from '../../notices/kinds.ts'
import { type Html, html, type Piece } from './html.ts'
import { msText, perSecondText } from './measures.ts'
import { tag } from './notice.ts'
import { reasonText, spanText } from './notice-words.ts'
import { stateTag, titleOf } from './operation-view.ts'
import type { NowFacts } from './operations-now-facts.ts'
import { nowPlots } from './operations-now-plots.ts'
import type { Visit } from './visit.ts'
import { bytesText, moment, numberText } from './wording.ts'

/** How it goes, at a glance. Each part stands alone, so that a script can put a newer one in its place. */
export function nowView(visit: Visit, facts: NowFacts): Html {
  return html`<div class="stack" data-part="all">
    ${standing(visit, facts)}
    ${figures(visit, facts)}
    ${nowPlots(visit, facts)}
    ${instancesTable(visit, facts.instances)}
    <div class="columns even">
      <div class="stack">${operationsPanel(visit, facts)}${noticesPanel(visit, facts)}${backupsPanel(visit, facts)}</div>
      <div class="stack">${connectionsPanel(visit, facts)}${facts.drills.length > 0 && drillsPanel(visit, facts.drills)}</div>
    </div>
  </div>`
}

function standing(visit: Visit, { fence, at }: NowFacts): Html {
  const { say } = visit
  const halted = Object.keys(fence?.haltedVerbs ?? {}).map((verb) => actionWords(say, verb))
  const mode =
    fence === undefined
      ? tag('bad', say('now.database-away'))
      : tag(fence.mode === 'normal' ? 'good' : 'bad', say(`now.mode.${fence.mode}`))
  return html`<section class="stack-tight" data-part="standing" aria-label="${say('now.standing')}">
    <p>${mode}${halted.length > 0 && html` ${tag('warn', say('now.halted-verbs', { verbs: halted.join(', ') }))}`}
      <span class="soft small">${say('now.looked-at', { at: moment(visit, at) })}</span></p>
  </section>`
}

function figures(visit: Visit, { minute, quarter, beats, requests }: NowFacts): Html {
  const { say } = visit
  const last = beats.at(-1)
  const latency = (of: 'checkout' | 'search') => {
    const found = minute[of]
    return found && say('now.latency', { p50: msText(visit, found.p50Ms), p95: msText(visit, found.p95Ms) })
  }
  const all: readonly (readonly [MessageId, Piece])[] = [
    ['now.writes-a-second', perSecondText(visit, minute.writes / Math.max(1, minute.seconds))],
    ['now.writes-in-quarter', numberText(visit, quarter.writes)],
    ['now.checkout', latency('checkout') ?? '–'],
    ['now.search', latency('search') ?? '–'],
    [
      'now.requests',
      say('now.requests-count', {
        running: numberText(visit, requests.running),
        waiting: numberText(visit, requests.waiting),
      }),
    ],
    ['now.shed-in-quarter', numberText(visit, quarter.shed)],
    ['now.lag', msText(visit, last?.lagMs ?? 0)],
    ['now.memory', bytesText(visit, last?.memoryBytes ?? 0)],
  ]
  return html`<section class="panel stack-tight" data-part="figures" aria-labelledby="figures"><h2 id="figures">${say('now.this-server')}</h2>
    <dl class="counts tiles">${all.map(([id, value]) => html`<div><dt>${say(id)}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl></section>`
}

function instancesTable(visit: Visit, all: readonly Instance[]): Html {
  const { say } = visit
  const columns = ['name', 'version', 'since', 'seen'] as const
  const numbers = ['writes', 'checkout', 'search', 'lag', 'memory'] as const
  const ms = (value: number | null) => (value === null ? '–' : msText(visit, value))
  return html`<section class="stack-tight" data-part="instances" aria-labelledby="instances"><h2 id="instances">${say('now.instances')}</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="instances"><table>
    <thead><tr>${columns.map((each) => html`<th scope="col">${say(`now.instance.${each}`)}</th>`)}${numbers.map((each) => html`<th scope="col" class="number">${say(`now.instance.${each}`)}</th>`)}</tr></thead>
    <tbody>${all.map(({ name, version, commit, startedAt, seenAt, isSilent, figures: feels }) => {
      const seen = isSilent ? tag('bad', say('now.silent')) : tag('good', say('now.there'))
      return html`<tr><th scope="row" class="code unbroken">${name}</th>
        <td><span class="code unbroken">${version}</span> <span class="soft small code unbroken">${commit.slice(0, 10)}</span></td>
        <td>${moment(visit, startedAt)}</td><td>${seen}${isSilent && html`<br><span class="small">${moment(visit, seenAt)}</span>`}</td>
        <td class="number"><bdi>${perSecondText(visit, feels.writesPerSecond)}</bdi></td><td class="number"><bdi>${ms(feels.checkoutP95Ms)}</bdi></td>
        <td class="number"><bdi>${ms(feels.searchP95Ms)}</bdi></td><td class="number"><bdi>${ms(feels.lagMs)}</bdi></td><td class="number"><bdi>${bytesText(visit, feels.memoryBytes)}</bdi></td></tr>`
    })}</tbody></table></div></section>`
}

function operationsPanel(visit: Visit, { operations }: NowFacts): Html {
  const { say } = visit
  const none = say(operations === undefined ? 'now.database-away' : 'now.no-operations')
  return html`<section class="panel stack-tight" data-part="operations" aria-labelledby="operations"><h2 id="operations">${say('now.operations')}</h2>
    ${
      operations === undefined || operations.length === 0
        ? html`<p class="soft">${none}</p>`
        : html`<ul class="rows">${operations.map(
            (
              each,
            ) => html`<li><div><p class="work"><a href="/operations/${each.id}"><bdi>${titleOf(visit, each)}</bdi></a></p>
              <p class="under">${say('now.operation-done', { done: each.acted, count: each.count })}</p></div>
              <p class="end">${stateTag(visit, each)}</p></li>`,
          )}</ul>`
    }</section>`
}

function noticesPanel(visit: Visit, { notices: { queue, now, service } }: NowFacts): Html {
  const { say } = visit
  const sum = (of: 'queued' | 'dead') => kindNames.reduce((all, kind) => all + queue[kind][of], 0)
  const oldest = Math.max(0, ...kindNames.map((kind) => queue[kind].oldestSeconds))
  const stands = now?.stands ?? (now?.haltedSince ? 'halted' : undefined)
  return html`<section class="panel stack-tight" data-part="notices" aria-labelledby="notices"><h2 id="notices">${say('now.notices')}</h2>
    <dl class="facts">
      <dt>${say('now.notices.sending')}</dt><dd>${
        stands === undefined
          ? say('now.notices.goes')
          : stands === 'halted'
            ? say('now.notices.stands', { because: reasonText(visit, now?.haltedBecause ?? null) })
            : say(`now.notices.${stands}`)
      }</dd>
      <dt>${say('now.notices.service')}</dt><dd>${say(service === undefined ? 'now.notices.no-service' : `now.notices.service-${service}`)}</dd>
      <dt>${say('now.notices.queued')}</dt><dd>${numberText(visit, sum('queued'))}</dd>
      <dt>${say('now.notices.oldest')}</dt><dd>${sum('queued') > 0 ? spanText(visit, oldest) : '–'}</dd>
      <dt>${say('now.notices.dead')}</dt><dd>${numberText(visit, sum('dead'))}</dd>
    </dl></section>`
}

function backupsPanel(visit: Visit, { backups, at }: NowFacts): Html {
  const { say } = visit
  const title = html`<h2 id="backups">${say('now.backups')}</h2>`
  if (!backups) {
    return html`<section class="panel stack-tight" data-part="backups" aria-labelledby="backups">${title}<p class="soft">${say('now.backups.nobody')}</p></section>`
  }
  const { proven, lastRuns } = backups
  const seconds = proven ? (at.getTime() - new Date(proven.takenAt).getTime()) / 1_000 : 0
  const isFailing = (lastRuns.failed?.at ?? '') > (lastRuns.proven?.at ?? '')
  return html`<section class="panel stack-tight" data-part="backups" aria-labelledby="backups">${title}
    ${isFailing && html`<p>${tag('bad', say('now.backups.failed'))} <span lang="en" dir="auto">${lastRuns.failed?.because ?? ''}</span></p>`}
    ${proven ? '' : html`<p>${tag('bad', say('now.backups.none'))}</p>`}
    ${
      proven &&
      html`<dl class="facts">
      <dt>${say('now.backups.proven')}</dt><dd>${moment(visit, proven.takenAt)}</dd>
      <dt>${say('now.backups.age')}</dt><dd>${spanText(visit, seconds)}</dd>
      <dt>${say('now.backups.size')}</dt><dd>${bytesText(visit, proven.bytes)}</dd>
      ${proven.proof && html`<dt>${say('now.backups.recovery')}</dt><dd>${msText(visit, proven.proof.recoverySeconds * 1_000)}</dd>`}
    </dl>`
    }</section>`
}

function drillsPanel(visit: Visit, drills: readonly DrillNoted[]): Html {
  const { say } = visit
  return html`<section class="panel stack-tight" data-part="drills" aria-labelledby="drills"><h2 id="drills">${say('now.drills')}</h2>
    <ul class="rows">${drills.map(
      ({
        name,
        verdict,
        at,
      }) => html`<li><div><p class="code">${name}</p><p class="under">${moment(visit, at)}</p></div>
        <p class="end">${tag(verdict === 'held' ? 'good' : 'bad', say(`now.drills.${verdict}`))}</p></li>`,
    )}</ul></section>`
}

function connectionsPanel(visit: Visit, { pools }: NowFacts): Html {
  const { say } = visit
  const heads = ['open', 'idle', 'waiting'] as const
  return html`<section class="panel stack-tight" data-part="connections" aria-labelledby="connections"><h2 id="connections">${say('now.connections')}</h2>
    <table><thead><tr><th scope="col">${say('now.pool')}</th>${heads.map((each) => html`<th scope="col" class="number">${say(`now.pool.${each}`)}</th>`)}</tr></thead>
    <tbody>${pools.map(
      (pool) =>
        html`<tr><th scope="row" class="code unbroken">${pool.name}</th>${heads.map((each) => html`<td class="number">${pool[each]}</td>`)}</tr>`,
    )}</tbody></table></section>`
}
