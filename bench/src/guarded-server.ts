import { type Guard, guardedApp } from './guarded-app.ts'

// The app of one guard in a process of its own: which guard, and what a search takes.

const [guard = 'none', ms = '8'] = process.argv.slice(2)
const app = await guardedApp(guard as Guard, Number(ms))
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
