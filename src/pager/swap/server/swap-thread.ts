// What the thread of one swap runs: it opens the store, and serves the memory until it is told to end.
import { workerData } from 'node:worker_threads'
import { addon } from '../../../linux/addon/addon.js'
import { LinuxAddressSpace } from '../../../linux/areas/linux-address-space.js'
import { pageStoreHost } from '../../../linux/page-store-host.js'
import { adoptUserfaultfd } from '../../../linux/userfaultfd/adopt-userfaultfd.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { PLACE } from '../../../paging/swap/page-places.js'
import type { SwapRange } from '../../../paging/swap/swap-range.js'
import { SwapRecord } from '../../../paging/swap/swap-record.js'
import { openPageStore } from '../../../stores/open-page-store.js'
import { PAGE_STATE } from '../../../vocabulary/page-state.js'
import { UFFD_MODE } from '../../../vocabulary/uffd-mode.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage, PagerRequest } from '../../thread/pager-request.js'
import { PagerState } from '../../thread/pager-state.js'
import { ThreadReplies } from '../../thread/thread-replies.js'
import type { SwapThreadData } from '../swap-thread-data.js'
import type { SwapWay } from '../swap-way.js'
import { pagesInFile } from './pages-in-file.js'
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
  state.busySince = Date.now()
  const store = new WatchedStore(await openPageStore(data.store, { pageSize, ...pageStoreHost }), state)
  state.busySince = 0
  const pages = data.ranges.reduce((sum, { count }) => sum + count, 0)
  const raw = adoptUserfaultfd(data.source.descriptor)
  const record = new SwapRecord(pages, data.record)
  const service = new SwapService({ kernel, raw, store, record, data, send })
  for (const range of data.ranges) register(raw, range, data.way, pageSize)
  if (data.way === 'move') raw.register(BigInt(data.staging), pages * pageSize, UFFD_MODE.MISSING)
  // From here on the engine alone installs pages, so that none is missed.
  const space = new LinuxAddressSpace('self')
  // An entry that is no page is poison. Where a page was, the kernel has moved the page to its own swap space.
  const wasThere = (page: number) => !data.continues || record.places.get(page) === PLACE.RESIDENT
  const resident = data.ranges.flatMap(({ start, page, count, twin }) =>
    twin === undefined
      ? [...runsIn(space, start, page, count, wasThere)]
      : [...pagesInFile(twin, count, pageSize)].map((run) => ({ page: page + run.page, count: run.count })),
  )
  if (data.continues) {
    record.places.resume()
    for (const { page, count } of runsIn(space, data.staging, 0, pages, () => true))
      service.engine.adoptStaged(page, count)
  }
  for (const { page, count } of resident) service.engine.adopt(page, count)
  space.close()
  service.followMissed()
  for (const range of data.discarded) service.discard(range)
  port.on('message', (request: PagerRequest) => answer(request, service))
  service.start()
  send({ type: 'ready', size: 0, threadId: addon().threadId(), sourceId: -1 })
}

function register(raw: LinuxUserfaultfd, { start, count, twin }: SwapRange, way: SwapWay, pageSize: number): void {
  const isProtected = twin !== undefined || way === 'write-protect'
  const mode = isProtected ? UFFD_MODE.MISSING | UFFD_MODE.WP : UFFD_MODE.MISSING
  try {
    raw.register(BigInt(start), count * pageSize, mode)
  } catch (error) {
    if (twin === undefined || !(error instanceof VmError) || error.code !== 'EINVAL') throw error
    throw VmError.withHint(error, 'of shared memory only memory files can be swapped, not files of a disk')
  }
}

/** The runs of pages in memory among the `count` pages from `first` on, which begin at the address `start`. */
function* runsIn(
  space: LinuxAddressSpace,
  start: number,
  first: number,
  count: number,
  isPage: (page: number) => boolean,
): Generator<{ readonly page: number; readonly count: number }> {
  const size = addon().pageSize
  for (const run of space.pages(BigInt(start), BigInt(start + count * size))) {
    const page = first + (Number(run.start) - start) / size
    const length = Number(run.end - run.start) / size
    if ((run.state & PAGE_STATE.PRESENT) !== 0) yield { page, count: length }
    else if ((run.state & PAGE_STATE.SWAPPED) !== 0) {
      for (let at = page; at < page + length; at++) if (isPage(at)) yield { page: at, count: 1 }
    }
  }
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
