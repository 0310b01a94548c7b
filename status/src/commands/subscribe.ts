import { isMailbox } from '../config/shape.ts'
import { openStore } from '../store/store.ts'
import { addSubscription, removeSubscription, subscriptions } from '../tell/subscriptions.ts'
import { type Command, unknownWord } from './given.ts'
import { refused } from './typed.ts'

const verbs = ['add', 'remove', 'list']

/** Adds, removes and lists those who hear of incidents: a mail address, or the address of a webhook. */
export const subscribe: Command = ({ say, warn }, { words, options }, configOf) => {
  const [verb = '', address = ''] = words
  if (!verbs.includes(verb)) throw unknownWord('verb of subscriptions', verb, verbs)
  const config = configOf()
  using store = openStore(config.data)
  if (verb === 'list') {
    const found = subscriptions(store).map(({ secret: _, ...rest }) => rest)
    if (options.json === true) say(JSON.stringify(found))
    else
      for (const { id, kind, state, address: to } of found)
        say([id, kind.padEnd(7), state.padEnd(6), to].join('  '))
    return 0
  }
  if (verb === 'remove') {
    if (!removeSubscription(store, address)) throw refused('Nobody subscribes with this address or id.')
    say('Removed.')
    return 0
  }
  const isWebhook = /^https?:/.test(address) && URL.canParse(address)
  if (!isWebhook && !isMailbox(address))
    throw refused('This is neither a mail address nor an http or https address.')
  if (!isWebhook && config.mail === null) throw refused('mail is not set: no mail would go out.')
  const added = addSubscription(store, { kind: isWebhook ? 'webhook' : 'mail', address, now: Date.now() })
  if (isWebhook) warn(`Its posts are signed with this secret: ${added.secret}`)
  say(added.id)
  return 0
}
