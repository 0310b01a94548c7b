/** A stream that a person may look at. */
export type Screen = { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }

/** A part of a screen for one of several that write at once; it has ended when all is said. */
export type Turn = Screen & { readonly ends: () => void }

/**
 * Lets several write on one screen at once, each in a piece: who came first is shown as it is written, what the others
 * write is held back until all before them have ended.
 */
export function turnsOn(screen: Screen): () => Turn {
  const waiting: { text: string; hasEnded: boolean }[] = []
  const show = () => {
    for (let first = waiting[0]; first; first = waiting[0]) {
      if (first.text !== '') screen.write(first.text)
      first.text = ''
      if (!first.hasEnded) return
      waiting.shift()
    }
  }
  return () => {
    const turn = { text: '', hasEnded: false }
    waiting.push(turn)
    return {
      ...(screen.isTTY === undefined ? {} : { isTTY: screen.isTTY }),
      ...(screen.columns === undefined ? {} : { columns: screen.columns }),
      write: (text) => {
        turn.text += text
        show()
      },
      ends: () => {
        turn.hasEnded = true
        show()
      },
    }
  }
}
