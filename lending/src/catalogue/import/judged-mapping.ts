import { judgedPattern } from '../../formats/judged-pattern.ts'
import type { Flaw } from '../../language/flaw.ts'
import type { Library } from '../../library.ts'
import { type CsvMapping, columnsOf, mappedFields } from './csv-mapping.ts'

/** What is wrong with the patterns of a mapping. Registering one may take some seconds. */
export async function patternProblems(
  library: Pick<Library, 'patterns'>,
  mapping: CsvMapping,
): Promise<readonly Flaw[]> {
  const problems: Flaw[] = []
  const judged = new Map<string, Flaw | undefined>()
  for (const field of mappedFields) {
    for (const column of columnsOf(mapping, field)) {
      if (typeof column === 'string') continue
      const { pattern } = column
      if (!judged.has(pattern)) judged.set(pattern, await problemOf(library, pattern))
      const flaw = judged.get(pattern)
      const label = `mapped-${field}` as const
      if (flaw) problems.push({ flaw: 'pattern-of-column', label, values: { column: column.column, flaw } })
    }
  }
  return problems
}

async function problemOf(library: Pick<Library, 'patterns'>, pattern: string): Promise<Flaw | undefined> {
  const judged = await judgedPattern(library, pattern, 'anywhere')
  if (!judged.ok) return judged.problem
  if (judged.taken.groups > 0) return undefined
  return { flaw: 'pattern-takes-nothing', values: { example: '([0-9]{13})' } }
}
