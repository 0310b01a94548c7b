import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser'
import { type Language, languageFor, languages } from './languages.ts'
import { inEnglish } from './messages.ts'

const folder = import.meta.dirname
const read = (tag: string) =>
  JSON.parse(readFileSync(join(folder, `${tag}.json`), 'utf8')) as Record<string, string>
const english = read('en')
const others = languages.filter(({ tag }) => tag !== 'en')

test('no language lacks a message, and none has one too many', () => {
  for (const { tag } of others) {
    const texts = read(tag)
    const ids = Object.keys(texts)
    assert.deepEqual(
      Object.keys(english).filter((id) => !(id in texts)),
      [],
      `${tag} lacks these`,
    )
    assert.deepEqual(
      ids.filter((id) => !(id in english)),
      [],
      `${tag} has what English has not`,
    )
    assert.deepEqual(
      ids.filter((id) => texts[id]?.trim() === '' && english[id] !== ''),
      [],
      `${tag} says nothing`,
    )
  }
})

test('a message takes the same values and tags in every language', () => {
  for (const { tag } of others) {
    for (const [id, text] of Object.entries(read(tag))) {
      assert.deepEqual(holesOf(parse(text)), holesOf(parse(english[id] ?? '')), `${tag} ${id}`)
    }
  }
})

test('a count has every form that its language knows', () => {
  for (const language of languages) {
    for (const [id, text] of Object.entries(read(language.tag))) {
      for (const given of pluralsOf(parse(text))) {
        const wanted = formsOf(language).filter((form) => !given.includes(form))
        assert.deepEqual(wanted, [], `${language.tag} ${id}: ${text}`)
      }
    }
  }
})

test('catalogues are in the order of their names, so that two changes seldom meet', () => {
  for (const { tag } of languages) {
    const ids = Object.keys(read(tag))
    assert.deepEqual(ids, ids.toSorted(), tag)
  }
})

test('every message is said somewhere', () => {
  const sources = readdirSync(join(folder, '..'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(folder, '..', path), 'utf8'))
    .join('\n')
  // What a template names by a variable: `said.${code}` says all of `said.`.
  const templates = [...sources.matchAll(/`((?:[a-z0-9.-]|\$\{[^{}`]*\})*)`/g)]
    .map(([, template = '']) => template.split(/\$\{[^{}]*\}/))
    .filter(
      (parts) =>
        parts.length > 1 && parts.join('').includes('.') && /[a-z]/.test(`${parts[0]}${parts.at(-1)}`),
    )
  const says = (parts: readonly string[], id: string) =>
    id.startsWith(parts[0] ?? '') &&
    id.endsWith(parts.at(-1) ?? '') &&
    parts.every((part) => id.includes(part))
  const unsaid = Object.keys(english).filter(
    (id) =>
      !sources.includes(`'${id}'`) &&
      !sources.includes(`"${id}"`) &&
      !templates.some((each) => says(each, id)),
  )
  assert.deepEqual(unsaid, [])
})

test('a language is the one chosen, or the first that the browser asks for and that is there', () => {
  const tagFor = (accepts?: string, chosen?: string) => languageFor({ accepts, chosen }).tag
  assert.equal(tagFor('de-AT,de;q=0.9,en;q=0.8'), 'de')
  assert.equal(tagFor('fr-FR, ar;q=0.5, en;q=0.4'), 'ar')
  assert.equal(tagFor('en;q=0.1, de;q=0.9'), 'de')
  assert.equal(tagFor('de', 'ar'), 'ar')
  for (const odd of [undefined, '', '*', 'xx', ';;;q=,,', 'de;q=0', 'x'.repeat(10_000)])
    assert.equal(tagFor(odd, 'tlh'), 'en', odd?.slice(0, 20))
})

test('a message is filled in English for programs', () => {
  assert.equal(inEnglish('fact.loan-limit', { count: 1 }), 'The rule allows 1 loan at a time.')
  assert.equal(inEnglish('fact.loan-limit', { count: 15 }), 'The rule allows 15 loans at a time.')
})

/** The names of the values and tags of a message. */
function holesOf(elements: readonly MessageFormatElement[]): string[] {
  const names = elements.flatMap((each): string[] => {
    if (each.type === TYPE.literal || each.type === TYPE.pound) return []
    if (each.type === TYPE.tag) return [`<${each.value}>`, ...holesOf(each.children)]
    if (each.type === TYPE.select || each.type === TYPE.plural)
      return [each.value, ...Object.values(each.options).flatMap(({ value }) => holesOf(value))]
    return [each.value]
  })
  return [...new Set(names)].toSorted()
}

/** The forms that each plural of a message gives. */
function pluralsOf(elements: readonly MessageFormatElement[]): string[][] {
  return elements.flatMap((each): string[][] => {
    if (each.type === TYPE.tag) return pluralsOf(each.children)
    if (each.type !== TYPE.select && each.type !== TYPE.plural) return []
    const inner = Object.values(each.options).flatMap(({ value }) => pluralsOf(value))
    return each.type === TYPE.plural ? [Object.keys(each.options), ...inner] : inner
  })
}

/** The plural forms of a language that whole numbers take, as far as a library counts. */
function formsOf({ locale }: Language): string[] {
  const rules = new Intl.PluralRules(locale)
  return [...new Set(Array.from({ length: 1_000 }, (_, count) => rules.select(count)))]
}
