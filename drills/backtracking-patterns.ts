// Loaded before Bibby, it puts in place of `safeguards/patterns` what is there in most services: the pattern is taken as it
// comes, and runs in the thread that answers requests. Nothing else of Bibby is touched.
import { registerHooks } from 'node:module'

const replaced = '@bibby/patterns/patterns.ts'
const naive = `
  export const registeredBefore = (kept) => kept
  export const whole = (source) => '^(?:' + source + ')$'
  export const beginning = (source) => '^(?:' + source + ')'
  const register = async (source, flags = '') => ({ registered: { source, flags } })
  const found = (patterns, text) => {
    const pattern = patterns.findIndex(({ source }) => text.search(source) >= 0)
    return pattern < 0 ? { outcome: 'not-matched' } : { outcome: 'matched', pattern }
  }
  export const startPatterns = async () => ({
    register,
    registerWhole: (source, flags) => register(whole(source), flags),
    registerBeginning: (source, flags) => register(beginning(source), flags),
    match: async (pattern, text) => found([pattern], text),
    matchEach: async (patterns, texts) => texts.map((text) => found(patterns, text)),
    state: () => ({ working: 0, waiting: 0, threads: 0, terminated: 0 }),
    [Symbol.asyncDispose]: async () => undefined,
  })
`

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === replaced
      ? { url: `data:text/javascript,${encodeURIComponent(naive)}`, shortCircuit: true }
      : nextResolve(specifier, context),
})
