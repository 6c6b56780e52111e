// What the thread of one swap runs: it opens the store, and serves the memory until it is told to end.
import { workerData } from 'node:worker_threads'
import { addon } from '../../../linux/addon/addon.js'
import { LinuxAddressSpace } from '../../../linux/areas/linux-address-space.js'
import { pageStoreHost } from '../../../linux/page-store-host.js'
import { adoptUserfaultfd } from '../../../linux/userfaultfd/adopt-userfaultfd.js'
import { SwapRecord } from '../../../paging/swap/swap-record.js'
import { openPageStore } from '../../../stores/open-page-store.js'
import { PAGE_STATE } from '../../../vocabulary/page-state.js'
import { UFFD_MODE } from '../../../vocabulary/uffd-mode.js'
import { packError } from '../../thread/pack-error.js'
import { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage, PagerRequest } from '../../thread/pager-request.js'
import { PagerState } from '../../thread/pager-state.js'
import type { SwapThreadData } from '../swap-thread-data.js'
import { SwapService } from './swap-service.js'

const data = workerData as SwapThreadData
const { port } = data
const state = new PagerState(data.state)

const send = (message: PagerMessage): void => {
  port.postMessage(message)
  state.countAnswer()
}

try {
  await serve()
} catch (error) {
  send({ type: 'refusal', id: 0, error: packError(error) })
  port.close()
}

async function serve(): Promise<void> {
  const kernel = new PagerKernel()
  const { pageSize } = kernel
  state.busySince = Date.now()
  const store = await openPageStore(data.store, { pageSize, ...pageStoreHost })
  state.busySince = 0
  const pages = data.ranges.reduce((sum, { count }) => sum + count, 0)
  const raw = adoptUserfaultfd(data.source.descriptor)
  const record = new SwapRecord(pages, data.record)
  const service = new SwapService({ kernel, raw, store, record, data, send })
  for (const { start, count } of data.ranges) raw.register(BigInt(start), count * pageSize, UFFD_MODE.MISSING)
  raw.register(BigInt(data.staging), pages * pageSize, UFFD_MODE.MISSING)
  // From here on pages come only through the engine, so none can be missed.
  const space = new LinuxAddressSpace('self')
  for (const { start, page, count } of data.ranges) {
    for (const run of space.pages(BigInt(start), BigInt(start + count * pageSize))) {
      if ((run.state & (PAGE_STATE.PRESENT | PAGE_STATE.SWAPPED)) === 0) continue
      service.engine.adopt(page + (Number(run.start) - start) / pageSize, Number(run.end - run.start) / pageSize)
    }
  }
  space.close()
  port.on('message', (request: PagerRequest) => answer(request, service))
  service.start()
  send({ type: 'ready', size: 0, threadId: addon().threadId(), sourceId: -1 })
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
    case 'exit':
      settle(request.id, () => service.exit())
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
  Promise.resolve()
    .then(act)
    .then(
      () => send({ type: 'answer', id }),
      (error) => send({ type: 'refusal', id, error: packError(error) }),
    )
}
