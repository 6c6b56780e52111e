import { render } from 'preact'
import type { ViewBoot } from '../data/view-boot.js'
import { App } from './app.js'
import { connectLive } from './connect-live.js'
import { Store } from './store.js'

/** A page that was written to a file has what it shows in it; one that is served asks for it. */
async function boot(): Promise<ViewBoot> {
  const embedded = document.getElementById('data')
  if (embedded !== null) return JSON.parse(embedded.textContent ?? 'null')
  const response = await fetch('/boot')
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}

const root = document.getElementById('app')!
boot().then(
  (what) => {
    const store = new Store(what)
    if (what.source === 'live') connectLive(store)
    root.textContent = ''
    render(<App store={store} />, root)
  },
  (error: unknown) => {
    root.textContent = `This page can't begin: ${(error as Error).message}`
  },
)
