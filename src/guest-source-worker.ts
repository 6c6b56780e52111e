// The thread of a source: it opens the source, and answers the server thread's reads.
import { setMaxListeners } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { BlockReader } from './devices/blocks/block-reader.js'
import type { BlocksOptions } from './devices/blocks/blocks-options.js'
import { checkBlocksOptions } from './devices/blocks/options/check-blocks-options.js'
import { PackedFile } from './devices/blocks/packed-file.js'
import { checkHttpOptions } from './devices/http/check-http-options.js'
import { GatheredReads } from './devices/http/gathered-reads.js'
import { HttpObject } from './devices/http/http-object.js'
import type { HttpOptions } from './devices/http/http-options.js'
import type { SourceAnswer, SourceRequest, StoreLayout, ThreadedSource } from './guest-source-thread.js'
import type { PageSource } from './guests/sources/page-source.js'
import { PageStoreSource } from './guests/sources/page-store-source.js'
import { retryingRead } from './guests/sources/retrying-read.js'
import type { ReadSource } from './kernel/guest-host.js'
import { LinuxGuestHost } from './linux/guests/linux-guest-host.js'
import { pageStoreHost } from './linux/page-store-host.js'
import { openPageStore } from './stores/open-page-store.js'
import type { PageStoreDescription } from './stores/page-store-description.js'
import { thisProcess } from './this-process.js'
import { UsageError } from './vocabulary/usage-error.js'

interface Opened {
  readonly source: Omit<PageSource, 'read'> & { readonly read: ReadSource }
  close(): void | Promise<void>
}

const port = parentPort!

async function openDriver(driver: string, options: unknown): Promise<Opened> {
  const device = await thisProcess().openDevice(driver, { driver: options })
  const memory = device.map()
  return {
    source: { size: device.size, read: async (offset, target) => void (await memory.readAsync(offset, target)) },
    close() {
      memory.unmap()
      return device.close()
    },
  }
}

async function openModule(module: string, options: unknown): Promise<Opened> {
  const { default: open } = (await import(module)) as { default?: unknown }
  const source: unknown = typeof open === 'function' ? await open(options) : undefined
  const { size, read } = (source ?? {}) as Partial<PageSource>
  if (!Number.isSafeInteger(size) || size! < 0 || typeof read !== 'function') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `the default export of ${module} must be a function that returns { size, read(offset, target) }`,
    )
  }
  return { source: source as PageSource, close: () => {} }
}

async function openStore(description: PageStoreDescription, layout: StoreLayout): Promise<Opened> {
  const store = await openPageStore(description, { pageSize: layout.pageSize, ...pageStoreHost })
  return { source: new PageStoreSource(store, layout), close: () => store.close() }
}

/** Reads the object itself, and no device of it: each read that a fault waits for is one request, of all of its bytes. */
async function openObject(options: HttpOptions): Promise<Opened> {
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const object = await HttpObject.open(checkHttpOptions(options, 'httpSource()'), closing.signal)
  const { size, etag, strength } = object.version
  const gathered = new GatheredReads(object, closing.signal)
  return {
    source: {
      size,
      ...(strength === 'strong' && etag !== undefined ? { identity: `etag:${etag}` } : {}),
      read: (offset, target, ahead) =>
        ahead ? gathered.read(offset, target) : object.read(offset, target, closing.signal),
    },
    close() {
      closing.abort()
      object.close()
    },
  }
}

async function openPacked(options: BlocksOptions): Promise<Opened> {
  const { path, cache } = checkBlocksOptions(options, 'packedSource()')
  const file = new PackedFile(path)
  const reader = new BlockReader(file, cache)
  const { index } = file
  return {
    source: {
      size: index.shape.size,
      identity: `packed:${index.shape.size}:${index.digest()}`,
      read: (offset, target) => reader.read(offset, target),
    },
    close: () => file.close(),
  }
}

async function openSource(data: ThreadedSource): Promise<Opened> {
  if (data.kind === 'http') return openObject(data.options)
  if (data.kind === 'packed') return openPacked(data.options)
  if (data.kind === 'driver') return openDriver(data.driver, data.options)
  return data.kind === 'module' ? openModule(data.module, data.options) : openStore(data.store, data.options)
}

function answer(message: SourceAnswer): void {
  port.postMessage(message)
}

function refuse(id: number, error: unknown): void {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown }
  answer({ id, error: { error: error instanceof Error ? error : new Error(String(error)), code, errno } })
}

async function serve({ source, close }: Opened): Promise<void> {
  const host = new LinuxGuestHost()
  const read: ReadSource = retryingRead((offset, target, ahead) => source.read(offset, target, ahead))
  const run = async (request: SourceRequest): Promise<unknown> => {
    if (request.ask === 'open') return host.openScript(read, request.largest, request.atOnce)
    if (request.ask === 'close') return host.closeScript(request.number)
    if (request.ask === 'end') return close()
    const bytes = new Uint8Array(request.length)
    await read(request.offset, bytes)
    return bytes
  }
  port.on('message', async (request: SourceRequest) => {
    try {
      answer({ id: request.id, value: await run(request) })
    } catch (error) {
      refuse(request.id, error)
    }
    if (request.ask === 'end') port.close()
  })
  const { size, identity } = source
  answer({ id: 0, value: { size, identity } })
}

// Not awaited: V8 of Node 20 ends the process where a thread is terminated while it evaluates a module that awaits.
void openSource(workerData as ThreadedSource)
  .then(serve)
  .catch((error) => refuse(0, error))
