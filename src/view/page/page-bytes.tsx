import { useState } from 'preact/hooks'
import type { ViewArea } from '../data/view-area.js'
import { hexOfPage } from '../data/wire-areas.js'
import { useBytes } from './page-source.js'
import type { Store } from './store.js'

const ACROSS = 16

/** The bytes of the page that was chosen, as hexadecimal and as text. */
export function PageBytes({ store, area }: { store: Store; area: ViewArea }) {
  const { state, pageSize } = store
  const [tick, setTick] = useState(0)
  const page = Math.min(Math.max(state.at ?? area.startPage, area.startPage), area.endPage - 1)
  const bytes = useBytes(store, page, Math.min(pageSize, 4096), tick)
  const name = hexOfPage(page, pageSize)
  const move = (by: number) =>
    store.go({ at: Math.min(Math.max((store.state.at ?? page) + by, area.startPage), area.endPage - 1) })
  return (
    <section class="bytes" aria-label={`Bytes of the page at ${name}`}>
      <header>
        <h3>
          Bytes at <code>{name}</code>
        </h3>
        <span class="tools">
          <button type="button" onClick={() => move(-1)} disabled={page <= area.startPage}>
            ‹ page
          </button>
          <button type="button" onClick={() => move(1)} disabled={page >= area.endPage - 1}>
            page ›
          </button>
          <button type="button" onClick={() => setTick((count) => count + 1)}>
            Read again
          </button>
        </span>
      </header>
      {bytes === 'asking' ? <p class="empty">Reading…</p> : null}
      {typeof bytes === 'object' && 'why' in bytes ? <p class="unknown">The bytes can't be read: {bytes.why}</p> : null}
      {typeof bytes === 'object' && 'bytes' in bytes ? (
        <pre class="dump" role="region" tabIndex={0} aria-label={`Dump of the page at ${name}`}>
          {dump(bytes.bytes, page, pageSize)}
          {bytes.bytes.length < Math.min(pageSize, 4096) ? '\n(the rest can not be read)' : ''}
        </pre>
      ) : null}
    </section>
  )
}

/** Lines of an address, sixteen bytes, and their ASCII; lines equal to the one above are one star. */
function dump(bytes: Uint8Array, page: number, pageSize: number): string {
  const lines: string[] = []
  let last = ''
  const start = BigInt(page) * BigInt(pageSize)
  for (let at = 0; at < bytes.length; at += ACROSS) {
    const row = [...bytes.subarray(at, at + ACROSS)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    if (hex === last && at + ACROSS < bytes.length) {
      if (lines.at(-1) !== '*') lines.push('*')
      continue
    }
    last = hex
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${(start + BigInt(at)).toString(16).padStart(12, '0')}  ${hex.padEnd(ACROSS * 3 - 1)}  ${text}`)
  }
  return lines.join('\n')
}
