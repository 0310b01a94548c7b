/** The exit codes of the service: 1 failed, 2 misuse, 3 refused so that no mail is lost or sent twice. */
export const serviceCodes = {
  BIBBY_NOTICE_SETTINGS_INVALID: 2,
  BIBBY_NOTICE_FOLDER_TAKEN: 3,
  BIBBY_NOTICE_FOLDER_UNUSABLE: 1,
  BIBBY_NOTICE_PORT_TAKEN: 1,
} as const

/** The notice service could not start. The message is one sentence or two for the operator. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: keyof typeof serviceCodes
  readonly exitCode: number
  constructor(code: keyof typeof serviceCodes, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.exitCode = serviceCodes[code]
  }
}
