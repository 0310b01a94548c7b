import type { loanRules } from '../../circulation/calendar.ts'
import type { Explained } from '../../circulation/explain-rule.ts'
import type { Branch, ItemType, PatronCategory } from '../../circulation/places.ts'
import { may } from '../../staff/permission.ts'
import { answerTo } from '../answers.ts'
import { checkField, choiceField, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { currencyOf, type Visit, zoneOf } from './visit.ts'
import { counted, day, money } from './wording.ts'

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
  const { answer, refusal } = shown
  return html`<div class="stack">
    ${refusal && refusalNotice(visit, refusal)}
    <section class="panel" aria-labelledby="explain"><h2 id="explain">Which rule decides?</h2>
      <form class="inline-form" action="/rules">
        ${textField({ name: 'card', label: 'Card', value: shown.card, max: 64, required: true })}
        ${textField({ name: 'barcode', label: 'Barcode', value: shown.barcode, max: 64, required: true })}
        <button class="button">Explain</button>
      </form>
      ${answer && html`<div class="stack-tight explained" id="explained">${isRefused(answer) ? refusalNotice(visit, answer) : explained(visit, answer)}</div>`}
    </section>
    <section aria-labelledby="all-rules"><h2 class="unseen" id="all-rules">All rules</h2>${rulesTable(visit, shown.rules)}</section>
    ${may(visit.who, 'rules-write') && ruleForm(visit, shown)}
  </div>`
}

function isRefused(answer: Explained | Refused): answer is Refused {
  return 'refused' in answer
}

function explained(visit: Visit, { why, dueAt, candidates, wouldRefuse }: Explained): Html {
  const others = candidates.filter(({ matches }) => !matches)
  return html`${notice(visit, 'plain', { title: html`The rule for ${why}. Lent now, it is due ${day(visit, dueAt)}.` })}
    ${wouldRefuse.map((code) => html`<p>${tag('bad', 'Would be refused')} ${answerTo(code).title}</p>`)}
    <ul class="rows">${candidates.filter(({ matches }) => matches).map(candidateRow)}</ul>
    ${
      others.length > 0 &&
      html`<details><summary>${counted(others.length, 'rule does', 'rules do')} not fit</summary><ul class="rows">${others.map(candidateRow)}</ul></details>`
    }`
}

function candidateRow({ rule, matches, because }: Explained['candidates'][number]): Html {
  return html`<li><div><p>${rule.why}: ${caseText(rule)}</p><p class="under">${because}</p></div>
    <p class="end">${matches ? tag('good', 'Fits') : tag('plain', 'Does not fit')}</p></li>`
}

function caseText(rule: Pick<Rule, 'loanDays' | 'renewalsMax' | 'loansMax'>): string {
  return `${counted(rule.loanDays, 'day')}, ${counted(rule.renewalsMax, 'renewal')}, at most ${counted(rule.loansMax, 'loan')}`
}

function rulesTable(visit: Visit, rules: readonly Rule[]): Html {
  if (rules.length === 0) return html`<p class="empty">There is no rule yet: nothing can be lent.</p>`
  const any = html`<span class="soft">any</span>`
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="all-rules"><table>
    <thead><tr><th scope="col">Branch</th><th scope="col">Patrons</th><th scope="col">Item type</th>
      <th scope="col" class="number">Days</th><th scope="col" class="number">Renewals</th><th scope="col" class="number">Loans</th>
      <th scope="col" class="number">Holds</th><th scope="col" class="number">Fine a day</th><th scope="col" class="number">Grace</th><th scope="col" class="number">At most</th></tr></thead>
    <tbody>${rules.map(
      (rule) => html`<tr>
        <td>${rule.branchName ?? any}</td><td>${rule.patronCategoryName ?? any}</td><td>${rule.itemTypeName ?? any}</td>
        ${
          rule.lendable
            ? html`<td class="number">${rule.loanDays}</td><td class="number">${rule.renewalsMax}</td>`
            : html`<td colspan="2">${tag('warn', 'Not lent')}</td>`
        }
        <td class="number">${rule.loansMax}</td><td class="number">${rule.holdsMax}</td>
        <td class="number">${rule.fineCentsPerDay === 0 ? '–' : money(visit, rule.fineCentsPerDay)}</td>
        <td class="number">${rule.graceDays}</td>
        <td class="number">${rule.fineCapCents === 0 && rule.fineCentsPerDay === 0 ? '–' : money(visit, rule.fineCapCents)}</td>
      </tr>`,
    )}</tbody></table></div>`
}

function ruleForm(visit: Visit, { places, categories, types }: RulesShown): Html {
  const choice = (name: string, label: string, all: readonly { code: string; name: string }[]) =>
    choiceField({
      name,
      label,
      options: [{ value: '', label: 'Any' }, ...all.map((each) => ({ value: each.code, label: each.name }))],
    })
  const number = (name: string, label: string, value: string) =>
    textField({ name, label, value, max: 8, required: true })
  return html`<section class="panel" aria-labelledby="set-rule"><h2 id="set-rule">Set a rule</h2>
    <form class="form two" method="post" action="/rules">${hidden(visit)}
      ${choice('branch', 'Branch', places)}${choice('patronCategory', 'Patrons', categories)}${choice('itemType', 'Item type', types)}
      ${number('loanDays', 'Days', '21')}${number('renewalsMax', 'Renewals', '2')}
      ${number('loansMax', 'Loans at a time', '20')}${number('holdsMax', 'Holds at a time', '10')}
      ${textField({ name: 'fine', label: 'Fine for each open day', max: 10, hint: `In ${currencyOf(visit)}, as 0.20; empty for none.` })}
      ${number('graceDays', 'Days of grace', '0')}
      ${textField({ name: 'cap', label: 'At most for one loan', max: 10, hint: `In ${currencyOf(visit)}, as 10.00; if empty, no fine is charged.` })}
      <div class="whole">${checkField({ name: 'lendable', label: 'May be lent', checked: true })}</div>
      <div class="whole actions"><button class="button">Save the rule</button><p class="soft small">A rule for the same case is replaced.</p></div>
    </form></section>`
}
