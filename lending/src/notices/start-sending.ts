import type { Library } from '../library.ts'
import { wayTo } from './deliver.ts'
import { keepSending } from './sender.ts'
import { noticeSwitch } from './set-notices.ts'

/** Where a sender says what a person should know. */
export type Telling = {
  readonly warn: (text: string) => void
  /** For the log, at error. */
  readonly error: (text: string) => void
}

/** Sends this library's notices until closed. A library without a notice service sends none. */
export async function startSending(library: Library, tell: Telling): Promise<AsyncDisposable> {
  const { noticeService, connection, installation, clock, noticeFigures } = library
  if (!noticeService) return { [Symbol.asyncDispose]: async () => undefined }
  if ((await noticeSwitch(library.db, installation)) === 'elsewhere') {
    tell.warn(
      'Notices were turned on at another installation of this library, so nothing is sent from here. ' +
        'If this is the library itself, moved or restored, turn them on: bibby notices on.',
    )
  }
  const deliver = wayTo({
    get url() {
      return noticeService.url ?? ''
    },
    token: noticeService.token,
  })
  const isReady = () => noticeService.url !== undefined
  return keepSending({ connection, installation, clock, deliver, isReady, figures: noticeFigures, tell })
}
