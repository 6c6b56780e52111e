import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { thisProcess } from '../../this-process.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { expect } from './expect.js'
import type { Stop } from './stop.js'

const TOUCHES = 40

export const readOverHttp: Stop = {
  title: 'Read the file over HTTP, as plain bytes',
  explanation: `On that stand devices: memory with a driver behind it. This one belongs to the package, and fetches what is touched from a web server.`,
  async show({ file }) {
    const sent = new BigInt64Array(new SharedArrayBuffer(8))
    const server = new Worker(new URL('./file-server.js', import.meta.url), {
      execArgv: [],
      workerData: { file, sent },
    })
    try {
      const [port] = (await once(server, 'message')) as [number]
      const url = `http://127.0.0.1:${port}/`
      const process = thisProcess()
      const device = await process.openDevice(new URL('../../devices/http.js', import.meta.url), {
        driver: { url },
        run: process.pageSize,
      })
      try {
        // To learn the size, the driver has already read a byte.
        const sentBefore = Number(sent[0])
        using mapping = process.map({ file })
        using memory = device.map()
        expect(memory.size === mapping.size, 'the object is as long as the file')
        // Pages apart from each other: of touches in sequence the driver reads ahead.
        const step = Math.max(3 * process.pageSize, Math.floor(memory.size / TOUCHES))
        const { bytes } = memory
        const pages = new Set<number>()
        for (let offset = 0; offset < memory.size; offset += step) {
          expect(
            mapping === undefined || bytes[offset] === mapping.bytes[offset],
            `the byte at ${offset} is the file's`,
          )
          pages.add(Math.floor(offset / process.pageSize))
        }
        const fetched = Number(sent[0]) - sentBefore
        expect(
          fetched <= pages.size * process.pageSize,
          `${fetched} bytes are no more than the pages that were touched`,
        )
        return [
          `openDevice('…/devices/http.js', { driver: { url: '${url}' } }), faults from ${device.source}`,
          `${pages.size} pages all over it were touched by a plain bytes[i]: every byte is the file's`,
          `${fetched.toLocaleString('en')} of ${memory.size.toLocaleString('en')} bytes were fetched`,
        ]
      } finally {
        await device.close()
      }
    } catch (error) {
      // Where no way to take a fault is available, the tour continues.
      if (error instanceof VmError && (error.code === 'EPERM' || error.code === 'ENOSYS'))
        return [`not here: ${error.message}`]
      throw error
    } finally {
      server.postMessage('end')
      await once(server, 'exit')
    }
  },
}
