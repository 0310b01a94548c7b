const triesMost = 50

/** Asks again while the answer is that nothing was decided: a busy machine, or a thread that is only starting. */
export async function decided<Answer extends object>(ask: () => Promise<Answer>): Promise<Answer> {
  let answer = await ask()
  for (let tries = 1; tries < triesMost && 'refused' in answer && answer.refused === 'busy'; tries += 1)
    answer = await ask()
  return answer
}
