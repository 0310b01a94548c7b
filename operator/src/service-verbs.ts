import { type Config, readConfig } from '@bibby/lending/config.ts'
import { StartError } from '@bibby/lending/start-error.ts'
import type { Command } from 'commander'
import type { Act } from './act.ts'
import type { Out } from './out.ts'

type Health = { status: string; components?: Record<string, { status: string }> }
/** A Bibby that does not know us as a monitor tells its version only. */
type Info = {
  app: { version: string; instance?: string }
  git?: { commit: string }
  epoch?: number | null
}

const looksMax = 3

/** status and migrate. */
export function serviceVerbs(program: Command, act: Act, out: () => Out): void {
  program
    .command('status')
    .description('is the library well, and which Bibby is it')
    .action(() =>
      act(async (api, say) => {
        // A process is ready when it was seen well twice; one that has just begun is asked again.
        let health = await api.call<Health>('GET', '/actuator/health')
        for (let asked = 1; asked < looksMax && health.components?.readiness?.status !== 'UP'; asked++) {
          health = await api.call<Health>('GET', '/actuator/health')
        }
        const info = await api.call<Info>('GET', '/actuator/info')
        say.answer({ health, info }, () => [
          `${health.status}: ${Object.entries(health.components ?? {})
            .map(([name, { status }]) => `${name} ${status}`)
            .join(', ')}`,
          info.git
            ? `Bibby ${info.app.version}, commit ${info.git.commit}, epoch ${info.epoch}, instance ${info.app.instance}`
            : `Bibby ${info.app.version}`,
        ])
      }),
    )
  program
    .command('migrate')
    .description('bring the database to this version’s schema without starting the library')
    .action(async () => {
      const config = checked(readConfig())
      const steps: string[] = []
      const tell = { step: (text: string) => steps.push(text), warn: out().talk }
      const { migrateHere } = await import('./here.ts')
      await migrateHere(config, tell)
      out().answer({ steps }, () => [...steps.map((step) => `${step}.`), 'The schema is at this version.'])
    })
}

/** The settings; throws StartError BIBBY_SETTINGS_INVALID with every problem at once. */
export function checked(config: ReturnType<typeof readConfig>): Config {
  if ('problems' in config) throw new StartError('BIBBY_SETTINGS_INVALID', config.problems.join('\n'))
  return config
}
