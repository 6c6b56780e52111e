import { Worker } from 'node:worker_threads'
import type { BlocksOptions } from './devices/blocks/blocks-options.js'
import type { HttpOptions } from './devices/http/http-options.js'
import type { ReadableDevice } from './guests/sources/device-source.js'
import type { PageStoreDescription } from './stores/page-store-description.js'
import { ensureStack } from './vocabulary/errors/ensure-stack.js'
import { VmError } from './vocabulary/vm-error.js'

/** What a source's thread opens. */
export type ThreadedSource =
  | { readonly kind: 'driver'; readonly driver: string; readonly options: unknown }
  | { readonly kind: 'module'; readonly module: string; readonly options: unknown }
  | { readonly kind: 'http'; readonly options: HttpOptions }
  | { readonly kind: 'packed'; readonly options: BlocksOptions }
  | { readonly kind: 'store'; readonly store: PageStoreDescription; readonly options: StoreLayout }

/** Sizes in bytes. */
export interface StoreLayout {
  readonly size: number
  readonly pageSize: number
  readonly missing: 'error' | 'zero'
}

/** Asked of the thread; each has one answer, by its `id`. */
export type SourceRequest = { readonly id: number } & (
  | { readonly ask: 'open'; readonly largest: number; readonly atOnce: number }
  | { readonly ask: 'close'; readonly number: number }
  | { readonly ask: 'read'; readonly offset: number; readonly length: number }
  | { readonly ask: 'end' }
)

/** `id` 0 is the source, once it is open. */
export interface SourceAnswer {
  readonly id: number
  readonly value?: unknown
  readonly error?: { readonly error: unknown; readonly code?: unknown; readonly errno?: unknown }
}

/** Opens a source on a thread of its own, whose event loop nothing else uses: the server thread asks it without the program's. */
export async function startSourceThread(source: ThreadedSource): Promise<ReadableDevice> {
  ensureStack(100)
  const worker = new Worker(new URL('./guest-source-worker.js', import.meta.url), {
    name: 'vmarea-source',
    workerData: source,
    execArgv: [], // not those of this process, which may be a program on the command line
  })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>()
  let last = 0
  let cause: unknown
  const answered = <Value>(id: number) =>
    new Promise<Value>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      worker.ref()
    })
  const ask = <Value>(request: Omit<Extract<SourceRequest, object>, 'id'> & Record<string, unknown>) => {
    const id = ++last
    const answer = answered<Value>(id)
    worker.postMessage({ ...request, id })
    return answer
  }
  worker.on('message', ({ id, value, error }: SourceAnswer) => {
    const { resolve, reject } = waiting.get(id)!
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
    if (error === undefined) resolve(value as never)
    else reject(Object.assign(error.error as object, { code: error.code, errno: error.errno }))
  })
  worker.on('error', (error) => {
    cause = error
  })
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      const error = new VmError('ENXIO', 'read', { hint: 'the thread of the source has ended', cause })
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
      resolve()
    })
  })
  const { size, identity } = await answered<{ size: number; identity: string | undefined }>(0)
  return {
    size,
    identity,
    openScript: (largest, atOnce) => ask({ ask: 'open', largest, atOnce }),
    closeScript: (number) => void ask({ ask: 'close', number }).catch(() => {}),
    read: async (offset, target) => target.set(await ask<Uint8Array>({ ask: 'read', offset, length: target.length })),
    close: async () => {
      await ask({ ask: 'end' }).catch(() => {})
      await ended
    },
  }
}
