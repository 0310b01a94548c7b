import { judgedPattern } from '../../formats/judged-pattern.ts'
import type { Library } from '../../library.ts'
import { type CsvMapping, columnsOf, mappedFields } from './csv-mapping.ts'

/** What is wrong with the patterns of a mapping, each a sentence. Registering one may take some seconds. */
export async function patternProblems(
  library: Pick<Library, 'patterns'>,
  mapping: CsvMapping,
): Promise<readonly string[]> {
  const problems: string[] = []
  const judged = new Map<string, string | undefined>()
  for (const field of mappedFields) {
    for (const column of columnsOf(mapping, field)) {
      if (typeof column === 'string') continue
      const { pattern } = column
      if (!judged.has(pattern)) judged.set(pattern, await problemOf(library, pattern))
      const problem = judged.get(pattern)
      if (problem !== undefined) problems.push(`${field}, column "${column.column}": ${problem}`)
    }
  }
  return problems
}

async function problemOf(library: Pick<Library, 'patterns'>, pattern: string): Promise<string | undefined> {
  const judged = await judgedPattern(library, pattern, 'anywhere')
  if (!judged.ok) return judged.problem
  if (judged.taken.groups > 0) return undefined
  return 'The pattern does not say what it takes. Put that in brackets, as in ISBN: ([0-9]{13}).'
}
