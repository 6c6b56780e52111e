// What the thread of one swap runs: it opens the store, and serves the memory until it is told to end.
import { workerData } from 'node:worker_threads'
import { addon } from '../../../linux/addon/addon.js'
import { pageStoreHost } from '../../../linux/page-store-host.js'
import { SwapRecord } from '../../../paging/swap/swap-record.js'
import { openPageStore } from '../../../stores/open-page-store.js'
import { monotonicTime } from '../../thread/monotonic-time.js'
import { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage, PagerRequest } from '../../thread/pager-request.js'
import { PagerState } from '../../thread/pager-state.js'
import { ThreadReplies } from '../../thread/thread-replies.js'
import type { SwapThreadData } from '../swap-thread-data.js'
import { SwapService } from './swap-service.js'
import { WatchedStore } from './watched-store.js'

const data = workerData as SwapThreadData
const { port } = data
const state = new PagerState(data.state)

const replies = new ThreadReplies(port, state)
const send = (message: PagerMessage): void => replies.send(message)

// Not awaited: V8 of Node 20 ends the process where a thread is terminated while it evaluates a module that awaits.
void replies.begin(serve)

async function serve(): Promise<void> {
  const kernel = new PagerKernel()
  const { pageSize } = kernel
  state.busySince = monotonicTime()
  const store = new WatchedStore(await openPageStore(data.store, { pageSize, ...pageStoreHost }), state)
  state.busySince = 0
  const pages = data.ranges.reduce((sum, { count }) => sum + count, 0)
  const record = new SwapRecord(pages, data.record)
  const service = new SwapService({ kernel, store, record, data, send })
  service.takeOver(record, data)
  port.on('message', (request: PagerRequest) => answer(request, service))
  service.start()
  send({ type: 'ready', size: 0, threadId: addon().threadId(), sourceId: service.sourceId })
}

function answer(request: PagerRequest, service: SwapService): void {
  switch (request.type) {
    case 'command':
      settle(request.id, () => service.command(request.command))
      return
    case 'setResidentLimit':
      settle(request.id, () => service.engine.setResidentLimit(request.bytes))
      return
    case 'restore':
      settle(request.id, () => service.restore(request.addresses))
      return
    case 'discard':
      settle(request.id, () => service.discard(request))
      return
    case 'exit':
      settle(request.id, () => service.exit())
      return
    case 'unmap':
      service.unmapped(request.start, request.start + request.length)
      return
    case 'ping':
      send({ type: 'pong' })
      return
    case 'close':
    case 'leave':
      settle(request.id, () => service.stop())
  }
}

function settle(id: number, act: () => void | Promise<void>): void {
  replies.settle(id, Promise.resolve().then(act))
}
