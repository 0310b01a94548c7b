/** Where a verb speaks: answers on stdout, talk on stderr. */
export type Out = {
  /** One answer: as JSON with `--json`, in words without. */
  readonly answer: <Answer>(answer: Answer, inWords: (answer: Answer) => string | readonly string[]) => void
  /** To the person at the terminal; never part of the data. */
  readonly talk: (text: string) => void
  /** A line that the next one replaces; only on a terminal. */
  readonly progress: (text: string) => void
}

type Stream = { write(text: string): unknown; readonly isTTY?: boolean }

/** Speaks on these streams. */
export function outOn({ stdout, stderr, json }: { stdout: Stream; stderr: Stream; json: boolean }): Out {
  let showing = false
  const clear = () => {
    if (showing) stderr.write('\r\u001b[2K')
    showing = false
  }
  return {
    answer: (answer, inWords) => {
      clear()
      if (json) {
        stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
        return
      }
      for (const line of [inWords(answer)].flat()) stdout.write(`${printable(line)}\n`)
    },
    talk: (text) => {
      clear()
      stderr.write(`${printable(text)}\n`)
    },
    progress: (text) => {
      if (!stderr.isTTY) return
      clear()
      stderr.write(printable(text))
      showing = true
    },
  }
}

/** A catalogue record must not be able to drive the terminal: control characters are shown, not obeyed. */
function printable(text: string): string {
  return text.replaceAll(/(?![\t\n])\p{Cc}/gu, '\ufffd')
}

/** Rows with a space of two between columns, the last column as it is. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1
          ? cell
          : cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))),
      )
      .join('  ')
      .trimEnd(),
  )
}

const graphemes = new Intl.Segmenter()

/** Columns on a terminal: Han, kana, Hangul and emoji take two. */
function width(text: string): number {
  let columns = 0
  for (const { segment } of graphemes.segment(text)) {
    columns +=
      /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\uff01-\uff60]/u.test(
        segment,
      )
        ? 2
        : 1
  }
  return columns
}

/** Cents as an amount: 1250 is 12.50. */
export function amount(cents: number): string {
  return `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`
}
