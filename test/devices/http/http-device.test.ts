import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Device } from '#vmarea/device/device.js'
import type { DeviceOptions } from '#vmarea/device/device-options.js'
import type { DeviceModule } from '#vmarea/device/open-device.js'
import httpDevice, { type HttpOptions } from '#vmarea/devices/http.js'
import { Machine } from '#vmarea/model.js'
import type { Process } from '#vmarea/process.js'
import { thisProcess } from '#vmarea/this-process.js'
import type { FaultSourceName } from '#vmarea/vocabulary/fault-source-name.js'
import { MemoryFault } from '#vmarea/vocabulary/memory-fault.js'
import { Random } from '../../differential/random.js'
import { seed } from '../../support/seed.js'
import { isVm } from '../../support/throws.js'
import { skipWithout } from '../../userfaultfd/skip.js'
import { ObjectServer } from './object-server.js'
import { patterned } from './patterned.js'

const PAGE = 4096
const SIZE = 40 * PAGE + 100

interface Host {
  readonly process: () => Process
  readonly module: DeviceModule<HttpOptions>
  readonly source?: FaultSourceName
  readonly skip: string | false
}

/** Each kernel that devices run on. */
const hosts: Record<string, Host> = {
  'the model': { process: () => new Machine().spawn(), module: httpDevice, skip: false },
  'the running kernel': {
    process: thisProcess,
    module: import.meta.resolve('#vmarea/devices/http.js'),
    skip: skipWithout('missing_shmem', 'minor_shmem', 'poison'),
  },
  'the running kernel, through the guard': {
    process: thisProcess,
    module: import.meta.resolve('#vmarea/devices/http.js'),
    source: 'guard',
    skip: false,
  },
}

interface Opened extends AsyncDisposable {
  readonly server: ObjectServer
  readonly device: Device
}

for (const [kernel, { process, module, source, skip }] of Object.entries(hosts)) {
  const opened = async (
    options: Partial<DeviceOptions<HttpOptions>> = {},
    prepare?: (server: ObjectServer) => void,
  ): Promise<Opened> => {
    const server = await ObjectServer.start(patterned(SIZE))
    prepare?.(server)
    try {
      const driver = { url: server.url, ...options.driver }
      // A short time limit holds for opening, too, which takes longer on a busy machine.
      const open = (tries: number): Promise<Device> =>
        process()
          .openDevice(module, { ...(source && { source }), ...options, driver })
          .catch((error) => {
            if (tries === 1 || error.code !== 'ETIMEDOUT') throw error
            return open(tries - 1)
          })
      const device = await open(10)
      server.requests.length = 0
      const dispose = async () => {
        await device.close()
        await server[Symbol.asyncDispose]()
      }
      return { server, device, [Symbol.asyncDispose]: dispose }
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  test(`${kernel}: an object is read as memory, and zeros after its end`, { skip }, async () => {
    await using all = await opened()
    const { server, device } = all
    assert.equal(device.size, SIZE)
    using memory = device.map({ length: 41 * PAGE })
    const bytes = await memory.readAsync(0, new Uint8Array(41 * PAGE))
    assert.equal(Buffer.compare(bytes.subarray(0, SIZE), server.object), 0)
    assert.ok(bytes.subarray(SIZE).every((byte) => byte === 0))
    assert.ok(server.bytesAsked <= SIZE)
  })

  test(`${kernel}: of what is read at random, a page a run, little more is fetched than what was touched`, {
    skip,
  }, async () => {
    const pages = 8192
    await using all = await opened({ run: PAGE }, (server) => {
      server.object = patterned(pages * PAGE)
    })
    const { server, device } = all
    using memory = device.map()
    const random = new Random(seed)
    const touched = new Set(Array.from({ length: pages / 100 }, () => random.below(pages)))
    for (const page of touched) {
      const bytes = await memory.readAsync(page * PAGE, new Uint8Array(PAGE))
      assert.equal(Buffer.compare(bytes, server.object.subarray(page * PAGE, (page + 1) * PAGE)), 0)
    }
    assert.ok(server.bytesAsked <= 1.2 * touched.size * PAGE, `${server.bytesAsked} bytes for ${touched.size} pages`)
  })

  test(`${kernel}: eight faults are in flight at once`, { skip }, async () => {
    await using all = await opened({ run: PAGE })
    const { server, device } = all
    using memory = device.map()
    const held: (() => void)[] = []
    // None is answered before all have come.
    server.always = (_, response, range) => {
      held.push(() => server.honest(response, range))
      if (held.length === 8) for (const answer of held) answer()
    }
    const places = Array.from({ length: 8 }, (_, index) => 4 * index * PAGE)
    await Promise.all(places.map((offset) => device.ready(offset, PAGE)))
    for (const offset of places) {
      assert.equal((await memory.readAsync(offset, new Uint8Array(1)))[0], server.object[offset])
    }
  })

  test(`${kernel}: once the object has changed, touching a new page fails with both versions, and pages in memory stay`, {
    skip,
  }, async () => {
    await using all = await opened({ run: PAGE })
    const { server, device } = all
    using memory = device.map()
    const before = await memory.readAsync(0, new Uint8Array(PAGE))
    server.object = patterned(SIZE, 2)
    server.etag = '"two"'
    for (const page of [8, 9]) {
      await assert.rejects(memory.readAsync(page * PAGE, new Uint8Array(1)), (error) => {
        assert.ok(error instanceof MemoryFault, String(error))
        return isVm(error.cause, 'ESTALE', /"one".*"two"/)
      })
    }
    assert.deepEqual(await memory.readAsync(0, new Uint8Array(PAGE)), before)
  })

  test(`${kernel}: with a server that hangs the access ends at the timeout, and the next one works`, {
    skip,
  }, async () => {
    await using all = await opened({ run: PAGE, timeout: 300 })
    const { server, device } = all
    using memory = device.map()
    server.next.push(() => {})
    await assert.rejects(memory.readAsync(8 * PAGE, new Uint8Array(1)), MemoryFault)
    // The same time limit holds for the answers that come: on a busy machine one may be late.
    const next = async (tries: number): Promise<Uint8Array> =>
      memory
        .readAsync(20 * PAGE, new Uint8Array(1))
        .catch((error) => (tries > 1 ? next(tries - 1) : Promise.reject(error)))
    assert.equal((await next(10))[0], server.object[20 * PAGE])
  })

  test(`${kernel}: an access that ends at the timeout names what failed before`, { skip }, async () => {
    await using all = await opened({ run: PAGE, timeout: 500, driver: { retries: 1000 } as HttpOptions })
    all.server.always = (_, response) => void response.writeHead(503).end()
    using memory = all.device.map()
    // On a busy machine the time may be up before any answer has come.
    for (let tries = 1; ; tries++) {
      const error: unknown = await memory.readAsync(0, new Uint8Array(1)).catch((thrown) => thrown)
      assert.ok(error instanceof MemoryFault, String(error))
      isVm(error.cause, 'ETIMEDOUT', /did not answer within 500 ms/)
      if (tries < 20 && !/503/.test(String(error.cause))) continue
      isVm(error.cause, 'ETIMEDOUT', /before that: .*503/)
      isVm((error.cause as Error).cause, 'ETIMEDOUT', /GET/)
      break
    }
  })

  test(`${kernel}: a private mapping may be written, a shared one not, and never be made so`, { skip }, async () => {
    await using all = await opened()
    const { server, device } = all
    using copy = device.map({ protection: 'write' })
    await copy.writeAsync(0, new Uint8Array([1, 2, 3]))
    assert.deepEqual(await copy.readAsync(0, new Uint8Array(4)), new Uint8Array([1, 2, 3, server.object[3]!]))
    assert.throws(
      () => device.map({ protection: 'write', shared: true }),
      (error) => isVm(error, 'EACCES'),
    )
    using shared = device.map({ shared: true })
    assert.throws(() => shared.makeMut(), /EACCES/)
    assert.equal((await shared.readAsync(0, new Uint8Array(1)))[0], server.object[0])
  })

  test(`${kernel}: what is refused at open arrives as it is`, { skip }, async () => {
    await assert.rejects(opened({ driver: { url: 'ftp://host/object' } }), (error) => isVm(error, 'EINVAL', /url/))
    const missing = opened({}, (server) => {
      server.always = (_, response) => response.writeHead(404).end()
    })
    await assert.rejects(missing, (error) => isVm(error, 'ENOENT', /answered 404/))
  })

  test(`${kernel}: a restarted device shows the present version, and nothing of the one before`, {
    skip,
  }, async () => {
    await using all = await opened()
    const { server, device } = all
    using memory = device.map()
    await memory.readAsync(0, new Uint8Array(4 * PAGE))
    server.object = patterned(SIZE, 2)
    server.etag = '"two"'
    await device.restart()
    const bytes = await memory.readAsync(0, new Uint8Array(SIZE))
    assert.equal(Buffer.compare(bytes, server.object), 0)
  })

  test(`${kernel}: a device with an etag is not restarted with another version`, { skip }, async () => {
    const pinned = (server: ObjectServer) => ({ url: server.url, etag: '"one"' })
    await using server = await ObjectServer.start(patterned(SIZE))
    await using device = await process().openDevice(module, { ...(source && { source }), driver: pinned(server) })
    server.etag = '"two"'
    await assert.rejects(device.restart(), (error) => isVm(error, 'ESTALE', /"one" was wanted.*"two"/))
  })

  test(`${kernel}: a closed device leaves no connection open`, { skip }, async () => {
    await using all = await opened()
    const { server, device } = all
    const memory = device.map()
    await memory.readAsync(0, new Uint8Array(1))
    const sockets = [...server.sockets]
    assert.ok(sockets.length > 0)
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    await device.close()
    memory.unmap()
    await Promise.all(closed)
  })
}
