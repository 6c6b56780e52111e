// What the thread of one device runs: it imports the driver, and serves its faults until the program closes it.
import { fstatSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import { workerData } from 'node:worker_threads'
import type { DeviceHost } from '../../../kernel/device-host.js'
import { hookError } from '../../../kernel/errors/hook-error.js'
import type { FileOperations } from '../../../kernel/file-operations.js'
import { loadDriver } from '../../../kernel/load-driver.js'
import { addon } from '../../../linux/addon/addon.js'
import { connectFaultSource } from '../../source/connect-fault-source.js'
import { FaultLoop } from '../../source/fault-loop.js'
import { monotonicTime } from '../../thread/monotonic-time.js'
import { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage, PagerRequest } from '../../thread/pager-request.js'
import { PagerState } from '../../thread/pager-state.js'
import type { PagerThreadData } from '../../thread/pager-thread-data.js'
import { ThreadReplies } from '../../thread/thread-replies.js'
import { DeviceFile } from './device-file.js'
import { closeServedDevice, createServedDevice, fetch, flush, invalidate } from './device-server.js'
import { DriverPages } from './driver-pages.js'
import { addMap, expectCopies, protectMaps, removeMaps, resizeMap } from './map-requests.js'
import { serveFault } from './serve-fault.js'
import type { ServedDevice } from './served-device.js'

const data = workerData as PagerThreadData
const port: MessagePort = data.port
const state = new PagerState(data.state)
const closing = new AbortController()

const replies = new ThreadReplies(port, state)
const send = (message: PagerMessage): void => replies.send(message)

// A pending promise does not keep a thread alive. Without this the thread would end while the driver's open hook waits for one.
port.ref()
// Not awaited: V8 of Node 20 ends the process where a thread is terminated while it evaluates a module that awaits.
void replies.begin(serve)

async function serve(): Promise<void> {
  const kernel = new PagerKernel()
  const driverPages = new DriverPages(kernel, data.pages)
  let device: ServedDevice | undefined
  const host: DeviceHost = {
    pageSize: kernel.pageSize,
    allocatePage: () => driverPages.allocate(),
    invalidate: (offset, length) => device && invalidate(device, offset, length),
    signal: closing.signal,
  }
  const driver = await loadDriver(data.driver)
  state.busySince = monotonicTime()
  const operations = await driver.operations(data.options.driver, host)
  const size = operations.size ?? Infinity
  const source = connectFaultSource(data.source, data.deadline, kernel.pageSize)
  const served = createServedDevice({
    kernel,
    operations,
    source,
    file: new DeviceFile(kernel, data.file, size),
    driverPages,
    state,
    options: data.options,
    inode: fstatSync(data.file, { bigint: true }).ino,
    written: data.written,
    send,
  })
  device = served
  await callHook(operations, 'open')
  state.busySince = 0
  const loop = new FaultLoop(
    source.faults,
    (index, time) => serveFault(served, index, time),
    () => served.requests.waits,
    { beforeTaking: () => served.requests.refuseLate() },
  )
  port.on('message', (request: PagerRequest) => {
    try {
      answer(request, served, loop)
    } catch (error) {
      if ('id' in request) replies.refuse(request.id, error)
      else throw error
    }
  })
  const writesBack = operations.writeback !== undefined
  send({ type: 'ready', size, threadId: addon().threadId(), sourceId: source.faults.id, writesBack })
}

function answer(request: PagerRequest, device: ServedDevice, loop: FaultLoop): void {
  switch (request.type) {
    case 'map':
      send({ type: 'answer', id: request.id, value: addMap(device, request) })
      return
    case 'serve':
      device.resident?.makeRoom(0)
      loop.start()
      send({ type: 'answer', id: request.id })
      return
    case 'fill':
      replies.settle(request.id, fetch(device, request.id, request.offset, request.length))
      return
    case 'flush':
      replies.settle(request.id, flush(device, request.offset, request.length))
      return
    case 'cancel':
      device.fetches.cancel(request.id)
      return
    case 'invalidate':
      invalidate(device, request.offset, request.length)
      send({ type: 'answer', id: request.id })
      return
    case 'protect':
      protectMaps(device, request.start, request.length, request.protection)
      send({ type: 'answer', id: request.id })
      return
    case 'resize':
      resizeMap(device, request.start, request.oldLength, request.length)
      send({ type: 'answer', id: request.id })
      return
    case 'expectCopies':
      expectCopies(device, request.start, request.length)
      send({ type: 'answer', id: request.id })
      return
    case 'ping':
      send({ type: 'pong' })
      return
    case 'order':
      send({ type: 'order', order: device.resident?.order() })
      return
    case 'unmap':
      removeMaps(device, request.start, request.length)
      return
    case 'leave':
      loop.stop()
      device.requests.stop()
      closing.abort()
      replies.settle(request.id, leave(device))
      return
    case 'close':
      loop.stop()
      closeServedDevice(device)
      replies.settle(request.id, close(device))
  }
}

/** What is not written back yet is left to the next driver, after the calls of this one have ended: its late bytes would replace newer ones. */
async function leave({ operations, writeBacks }: ServedDevice): Promise<void> {
  await writeBacks?.stop()
  await callHook(operations, 'close')
}

/** The program has flushed the device before. This is for writes since then; what stays unwritten is counted in the state. */
async function close(device: ServedDevice): Promise<void> {
  if (device.writeBacks !== undefined) await flush(device, 0, device.file.end).catch(() => {})
  closing.abort()
  await callHook(device.operations, 'close')
}

async function callHook(operations: FileOperations, name: 'open' | 'close'): Promise<void> {
  try {
    await operations[name]?.()
  } catch (error) {
    throw hookError(error, name)
  }
}
