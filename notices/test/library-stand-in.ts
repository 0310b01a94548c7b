import { serviceProcess } from './service-process.ts'

// Stands in for the library: starts the service of this folder and tells its process number and address.
const [data = '', smtp = ''] = process.argv.slice(2)
const { pid, url, token } = await serviceProcess(data, { BIBBY_SMTP_URL: smtp })
process.send?.({ pid, url, token })
