// What the thread of one device runs: it imports the driver, and serves its faults until it is told to close.
import { fstatSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { workerData } from 'node:worker_threads'
import type { DeviceHost } from '../../../kernel/device-host.js'
import type { FileOperations } from '../../../kernel/file-operations.js'
import { hookError } from '../../../kernel/hook-error.js'
import { loadDriver } from '../../../kernel/load-driver.js'
import { addon } from '../../../linux/addon/addon.js'
import { connectFaultSource } from '../../source/connect-fault-source.js'
import { FaultLoop } from '../../source/fault-loop.js'
import { packError } from '../../thread/pack-error.js'
import { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage, PagerRequest } from '../../thread/pager-request.js'
import { COUNTER, PagerState } from '../../thread/pager-state.js'
import type { PagerThreadData } from '../../thread/pager-thread-data.js'
import { DeviceFile } from './device-file.js'
import { DeviceServer } from './device-server.js'
import { DriverPages } from './driver-pages.js'

const data = workerData as PagerThreadData
const port: MessagePort = data.port
const state = new PagerState(data.state)
const closing = new AbortController()

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
  const pages = new DriverPages(kernel, data.pages)
  let server: DeviceServer | undefined
  const host: DeviceHost = {
    pageSize: kernel.pageSize,
    allocatePage: () => pages.allocate(),
    invalidate: (offset, length) => server?.invalidate(offset, length),
    signal: closing.signal,
  }
  const driver = await loadDriver(data.driver)
  state.counters[COUNTER.BUSY_SINCE] = Date.now()
  const operations = await driver.operations(data.options.driver, host)
  const size = operations.size ?? Infinity
  const source = await connectFaultSource(data.source, data.deadline, kernel.pageSize)
  server = new DeviceServer({
    kernel,
    operations,
    source,
    file: new DeviceFile(kernel, data.file, size),
    pages,
    state,
    options: data.options,
    inode: fstatSync(data.file, { bigint: true }).ino,
    send,
  })
  await callHook(operations, 'open')
  state.counters[COUNTER.BUSY_SINCE] = 0
  const { faults, questions } = server
  const loop = new FaultLoop(source.faults, faults.serve, () => questions.waits)
  port.on('message', (request: PagerRequest) => {
    try {
      answer(request, server, operations, loop)
    } catch (error) {
      if ('id' in request) send({ type: 'refusal', id: request.id, error: packError(error) })
      else throw error
    }
  })
  loop.start()
  send({ type: 'ready', size, threadId: addon().threadId(), sourceId: source.faults.id })
}

function answer(request: PagerRequest, server: DeviceServer, operations: FileOperations, loop: FaultLoop): void {
  switch (request.type) {
    case 'map':
      send({ type: 'answer', id: request.id, value: server.maps.map(request) })
      return
    case 'fill':
      settle(request.id, server.fill(request.id, request.offset, request.length))
      return
    case 'cancel':
      server.jobs.cancel(request.id)
      return
    case 'invalidate':
      server.invalidate(request.offset, request.length)
      send({ type: 'answer', id: request.id })
      return
    case 'protect':
      server.maps.protect(request.start, request.length, request.protection)
      send({ type: 'answer', id: request.id })
      return
    case 'resize':
      server.maps.resize(request.start, request.oldLength, request.length)
      send({ type: 'answer', id: request.id })
      return
    case 'expectCopies':
      server.maps.expectCopies(request.start, request.length)
      send({ type: 'answer', id: request.id })
      return
    case 'ping':
      send({ type: 'pong' })
      return
    case 'unmap':
      server.maps.unmap(request.start, request.length)
      return
    case 'leave':
      loop.stop()
      server.questions.leave()
      closing.abort()
      settle(request.id, callHook(operations, 'close'))
      return
    case 'close':
      loop.stop()
      server.close()
      closing.abort()
      settle(request.id, callHook(operations, 'close'))
  }
}

function settle(id: number, promise: Promise<void>): void {
  promise.then(
    () => send({ type: 'answer', id }),
    (error) => send({ type: 'refusal', id, error: packError(error) }),
  )
}

async function callHook(operations: FileOperations, name: 'open' | 'close'): Promise<void> {
  try {
    await operations[name]?.()
  } catch (error) {
    throw hookError(error, name)
  }
}
