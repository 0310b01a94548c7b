import type { Verbs } from './act.ts'
import { table } from './out.ts'

type Format = { branch: string; pattern: string | null; example: string | null }

/** barcodes list, set and any. */
export const barcodeVerbs: Verbs = (program, act) => {
  const barcodes = program.command('barcodes').description('what the new barcodes of a branch look like')
  barcodes
    .command('list')
    .description('the branches that take only barcodes of one format')
    .action(() =>
      act(async (api, out) => {
        const answer = await api.call<{ barcodeFormats: Format[] }>('GET', '/api/v1/barcode-formats')
        out.answer(answer, ({ barcodeFormats }) =>
          barcodeFormats.length === 0
            ? ['Every branch takes any barcode.']
            : table([
                ['branch', 'example', 'pattern'],
                ...barcodeFormats.map(({ branch, example, pattern }) => [
                  branch,
                  example ?? '',
                  pattern ?? '',
                ]),
              ]),
        )
      }),
    )
  barcodes
    .command('set')
    .description('take only new barcodes that match; those that copies have stay')
    .requiredOption('--branch <code>')
    .requiredOption('--pattern <pattern>', 'matches a barcode from end to end, such as [0-9]{14}')
    .requiredOption('--example <barcode>', 'shown to whoever gives another')
    .action(({ branch, pattern, example }: { branch: string; pattern: string; example: string }) =>
      act(async (api, out) => {
        const path = `/api/v1/branches/${encodeURIComponent(branch)}/barcode-format`
        out.answer(await api.call<Format>('PUT', path, { body: { pattern, example } }), described)
      }),
    )
  barcodes
    .command('any')
    .description('take any barcode again')
    .requiredOption('--branch <code>')
    .action(({ branch }: { branch: string }) =>
      act(async (api, out) => {
        const path = `/api/v1/branches/${encodeURIComponent(branch)}/barcode-format`
        out.answer(await api.call<Format>('DELETE', path), described)
      }),
    )
}

function described({ branch, example }: Format): string[] {
  return [
    example === null
      ? `The branch ${branch} takes any barcode.`
      : `New barcodes of the branch ${branch} look like ${example}.`,
  ]
}
