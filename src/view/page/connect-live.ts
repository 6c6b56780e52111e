import type { LiveMessages } from '../data/live-message.js'
import { decodeSteps } from '../data/wire-steps.js'
import type { Store } from './store.js'

/** Follows a process over the server's stream of events. The browser connects again by itself when it is lost. */
export function connectLive(store: Store): void {
  const events = new EventSource('/events')
  store.connection = 'connecting'
  const on = <Name extends keyof LiveMessages>(name: Name, take: (message: LiveMessages[Name]) => void) =>
    events.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data)))
  events.onopen = () => {
    store.connection = 'open'
    store.changed()
  }
  events.onerror = () => {
    if (store.connection === 'ended') return
    store.connection = 'lost'
    store.changed()
  }
  on('state', ({ data, dropped, refusals }) => {
    store.dropped += dropped
    store.refusals = refusals
    store.load(data)
  })
  on('steps', (steps) => store.push(decodeSteps(steps, store.pageSize)))
  on('cost', (cost) => {
    store.cost = cost
    store.changed()
  })
  on('pagers', (pagers) => {
    store.pagers = pagers
    store.changed()
  })
  on('ended', ({ reason }) => {
    store.connection = 'ended'
    store.ending = reason
    events.close()
    store.say(reason)
  })
}
