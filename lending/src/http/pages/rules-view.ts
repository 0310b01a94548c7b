import type { loanRules } from '../../circulation/calendar.ts'
import type { Explained } from '../../circulation/explain-rule.ts'
import type { Branch, ItemType, PatronCategory } from '../../circulation/places.ts'
import { listFormat } from '../../language/formats.ts'
import { may } from '../../staff/permission.ts'
import { refusalIn } from '../answers.ts'
import { checkField, choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { currencyOf, type Visit } from './visit.ts'
import { day, money } from './wording.ts'

type Rule = Awaited<ReturnType<typeof loanRules>>[number]

/** What the page of rules shows. */
export type RulesShown = {
  readonly rules: readonly Rule[]
  readonly places: readonly Branch[]
  readonly categories: readonly PatronCategory[]
  readonly types: readonly ItemType[]
  readonly card: string
  readonly barcode: string
  readonly answer: Explained | Refused | undefined
  readonly refusal: Refused | undefined
}

/** All loan rules, which one decides a case, and a form to set one. */
export function rulesView(visit: Visit, shown: RulesShown): Html {
  const { say } = visit
  const { answer, refusal } = shown
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal)}
    <section class="panel" aria-labelledby="explain"><h2 id="explain">${say('rules.which')}</h2>
      <form class="inline-form" action="/rules">
        ${textField({ name: 'card', label: say('rules.card'), value: shown.card, max: 64, required: true })}
        ${textField({ name: 'barcode', label: say('rules.barcode'), value: shown.barcode, max: 64, required: true })}
        <button class="button">${say('rules.explain')}</button>
      </form>
      ${answer && html`<div class="stack-tight explained" id="explained">${isRefused(answer) ? refusalNotice(visit, answer) : explained(visit, answer)}</div>`}
    </section>
    <section aria-labelledby="all-rules"><h2 class="unseen" id="all-rules">${say('rules.all')}</h2>${rulesTable(visit, shown.rules)}</section>
    ${may(visit.who, 'rules-write') && ruleForm(visit, shown)}
  </div>`
}

function isRefused(answer: Explained | Refused): answer is Refused {
  return 'refused' in answer
}

function explained(visit: Visit, { rule, dueAt, candidates, wouldRefuse }: Explained): Html {
  const { say } = visit
  const row = (each: Explained['candidates'][number]) => candidateRow(visit, each, rule)
  const others = candidates.filter(({ matches }) => !matches)
  return html`${notice(visit, 'plain', { title: say('rules.decides', { case: html`<bdi>${caseOf(visit, rule)}</bdi>`, day: day(visit, dueAt) }) })}
    ${wouldRefuse.map((code) => html`<p>${tag('bad', say('rules.would-refuse'))} ${refusalIn(say, code).title}</p>`)}
    <ul class="rows">${candidates.filter(({ matches }) => matches).map(row)}</ul>
    ${
      others.length > 0 &&
      html`<details><summary>${say('rules.others', { count: others.length })}</summary><ul class="rows">${others.map(row)}</ul></details>`
    }`
}

function candidateRow(
  visit: Visit,
  { rule, matches, differs }: Explained['candidates'][number],
  taken: Rule,
): Html {
  const { say } = visit
  const others = differs.map((each) => say(`rules.differs.${each.in}`, { is: each.is }))
  const list = listFormat(visit.language.locale, {}).format(others)
  const because =
    rule.id === taken.id
      ? say('rules.because.taken')
      : matches
        ? say('rules.because.beaten', { case: caseOf(visit, taken) })
        : say('rules.because.unfit', { list })
  return html`<li><div><p>${say('rules.case-and-terms', { case: html`<bdi>${caseOf(visit, rule)}</bdi>`, terms: termsText(visit, rule) })}</p><p class="under">${because}</p></div>
    <p class="end">${matches ? tag('good', say('rules.fits')) : tag('plain', say('rules.does-not-fit'))}</p></li>`
}

/** Which case a rule was made for. */
function caseOf({ say }: Visit, { branchName, patronCategoryName, itemTypeName }: Rule): string {
  const [branch, patrons, type] = [branchName ?? 'none', patronCategoryName ?? 'none', itemTypeName ?? 'none']
  return say('rules.case', { branch, patrons, type })
}

function termsText({ say }: Visit, { loanDays, renewalsMax, loansMax }: Rule): string {
  return say('rules.terms', { days: loanDays, renewals: renewalsMax, loans: loansMax })
}

function rulesTable(visit: Visit, rules: readonly Rule[]): Html {
  const { say } = visit
  if (rules.length === 0) return html`<p class="empty">${say('rules.none')}</p>`
  const any = html`<span class="soft">${say('rules.any')}</span>`
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="all-rules"><table>
    <thead><tr><th scope="col">${say('rules.column.branch')}</th><th scope="col">${say('rules.column.patrons')}</th><th scope="col">${say('rules.column.type')}</th>
      <th scope="col" class="number">${say('rules.column.days')}</th><th scope="col" class="number">${say('rules.column.renewals')}</th><th scope="col" class="number">${say('rules.column.loans')}</th>
      <th scope="col" class="number">${say('rules.column.holds')}</th><th scope="col" class="number">${say('rules.column.fine')}</th><th scope="col" class="number">${say('rules.column.grace')}</th><th scope="col" class="number">${say('rules.column.cap')}</th></tr></thead>
    <tbody>${rules.map(
      (rule) => html`<tr>
        <td>${rule.branchName ?? any}</td><td>${rule.patronCategoryName ?? any}</td><td>${rule.itemTypeName ?? any}</td>
        ${
          rule.lendable
            ? html`<td class="number">${rule.loanDays}</td><td class="number">${rule.renewalsMax}</td>`
            : html`<td colspan="2">${tag('warn', say('rules.not-lent'))}</td>`
        }
        <td class="number">${rule.loansMax}</td><td class="number">${rule.holdsMax}</td>
        <td class="number">${rule.fineCentsPerDay === 0 ? '–' : money(visit, rule.fineCentsPerDay)}</td>
        <td class="number">${rule.graceDays}</td>
        <td class="number">${rule.fineCapCents === 0 && rule.fineCentsPerDay === 0 ? '–' : money(visit, rule.fineCapCents)}</td>
      </tr>`,
    )}</tbody></table></div>`
}

function ruleForm(visit: Visit, { places, categories, types }: RulesShown): Html {
  const { say } = visit
  const choice = (
    name: 'branch' | 'patronCategory' | 'itemType',
    all: readonly { code: string; name: string }[],
  ) =>
    choiceField({
      name,
      label: say(`rules.field.${name}`),
      options: [
        { value: '', label: say('rules.choice-any') },
        ...all.map((each) => ({ value: each.code, label: each.name })),
      ],
    })
  const number = (name: 'loanDays' | 'renewalsMax' | 'loansMax' | 'holdsMax' | 'graceDays', value: string) =>
    textField({ name, label: say(`rules.field.${name}`), value, max: 8, required: true })
  return html`<section class="panel" aria-labelledby="set-rule"><h2 id="set-rule">${say('rules.set')}</h2>
    <form class="form two" method="post" action="/rules">${hidden(visit)}
      ${choice('branch', places)}${choice('patronCategory', categories)}${choice('itemType', types)}
      ${number('loanDays', '21')}${number('renewalsMax', '2')}
      ${number('loansMax', '20')}${number('holdsMax', '10')}
      ${textField({ name: 'fine', label: say('rules.fine'), max: 10, hint: say('rules.fine-hint', { currency: currencyOf(visit) }) })}
      ${number('graceDays', '0')}
      ${textField({ name: 'cap', label: say('rules.cap'), max: 10, hint: say('rules.cap-hint', { currency: currencyOf(visit) }) })}
      <div class="whole">${checkField({ name: 'lendable', label: say('rules.lendable'), checked: true })}</div>
      <div class="whole actions"><button class="button">${say('rules.save')}</button><p class="soft small">${say('rules.replaced')}</p></div>
    </form></section>`
}
