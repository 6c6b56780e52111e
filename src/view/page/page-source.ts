import { useEffect, useState } from 'preact/hooks'
import type { ViewArea } from '../data/view-area.js'
import type { WirePages } from '../data/wire-pages.js'
import type { Store } from './store.js'

/** The states of an area's pages: known, being asked, or why they are not known. */
export type Pages = { readonly pages: WirePages } | { readonly why: string } | 'asking'

/** Asks for the states of an area's pages, again whenever the area has changed. */
export function usePages(store: Store, area: ViewArea | undefined): Pages {
  const [answer, setAnswer] = useState<{ area: ViewArea; pages: Pages } | undefined>(undefined)
  const isLive = store.boot.source === 'live' && store.state.time === null && store.connection !== 'ended'
  useEffect(() => {
    if (area === undefined || !isLive) return
    const stop = new AbortController()
    const { startPage, endPage } = area
    ask(`/pages?start=${startPage}&end=${endPage}`, stop.signal, (response) => response.json()).then(
      (pages: WirePages) => setAnswer({ area, pages: { pages } }),
      (error: Error) => {
        if (!stop.signal.aborted) setAnswer({ area, pages: { why: error.message } })
      },
    )
    return () => stop.abort()
  }, [area, isLive])
  if (store.keptPages !== null && store.state.time === null) return { pages: store.keptPages }
  if (!isLive) {
    return {
      why:
        store.boot.source === 'live'
          ? 'the states of pages are asked of the process, and are known of the present alone'
          : 'this file has no states of pages: vmarea view PID --html FILE takes them along',
    }
  }
  // What was known of the area as it was before is shown until the answer comes.
  if (answer !== undefined && answer.area.startPage === area?.startPage) return answer.pages
  return 'asking'
}

/** Bytes at a page, or why there are none. */
export type Bytes = { readonly bytes: Uint8Array } | { readonly why: string } | 'asking'

/** Asks for the bytes of a page, and again with `tick`. */
export function useBytes(store: Store, page: number | undefined, length: number, tick: number): Bytes {
  const [answer, setAnswer] = useState<{ page: number; bytes: Bytes } | undefined>(undefined)
  const isLive = store.boot.source === 'live' && store.state.time === null && store.connection !== 'ended'
  useEffect(() => {
    if (page === undefined || !isLive) return
    const stop = new AbortController()
    ask(`/bytes?page=${page}&length=${length}`, stop.signal, (response) => response.arrayBuffer()).then(
      (bytes) => setAnswer({ page, bytes: { bytes: new Uint8Array(bytes) } }),
      (error: Error) => {
        if (!stop.signal.aborted) setAnswer({ page, bytes: { why: error.message } })
      },
    )
    return () => stop.abort()
  }, [page, isLive, length, tick])
  if (!isLive) return { why: 'bytes are asked of a running process: a file does not have them' }
  return answer !== undefined && answer.page === page ? answer.bytes : 'asking'
}

/** Rejects as well where the signal ends the wait for the body. */
async function ask<T>(address: string, signal: AbortSignal, body: (response: Response) => Promise<T>): Promise<T> {
  const response = await fetch(address, { signal })
  if (!response.ok) throw new Error((await response.text()).trim())
  return await body(response)
}
