import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { RedisStoreOptions, RedisStoreSetup } from './redis-store-options.js'

/** The longest time of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/**
 * Describes a store that keeps pages in a Redis or Valkey Cluster, through the package `@redis/client`, which the program installs.
 *
 * A page leaves memory only when its server and `replicas` of its replicas have it. Throws `ERR_VMAREA_INVALID_ARGUMENT` for options that can mean
 * nothing. Opening the store rejects with `ERR_VMAREA_UNSUPPORTED` where the package is not installed, and with `EIO` where no server answers.
 *
 * @example
 * const store = redisStore({ nodes: ['redis://10.0.0.1:7000', 'redis://10.0.0.2:7000'] })
 * const swap = await openSwap(memory, { store, residentLimit: 2 ** 30 })
 */
export function redisStore(options: RedisStoreOptions): PageStoreDescription {
  const { nodes, username, password, replicas = 1, timeout = 20_000 } = options ?? {}
  const prefix = options?.prefix ?? `vmarea:${crypto.randomUUID()}:`
  if (!Array.isArray(nodes) || nodes.length === 0) {
    throw invalid(`nodes must be a list of addresses such as 'redis://127.0.0.1:7000', and is ${String(nodes)}`)
  }
  for (const node of nodes) checkAddress(node)
  if (typeof prefix !== 'string' || prefix === '' || /[{}]/.test(prefix)) {
    throw invalid(
      `prefix must be a text without braces, which would put all keys into one slot, and is ${String(prefix)}`,
    )
  }
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw invalid(`replicas must be a whole number from 0 on, and is ${String(replicas)}`)
  }
  if (!(timeout > 0 && timeout <= LONGEST)) {
    throw invalid(`timeout must be milliseconds, above 0 and below 2^31, and is ${String(timeout)}`)
  }
  return {
    module: new URL('./redis-store-module.js', import.meta.url).href,
    options: {
      nodes,
      prefix,
      replicas,
      timeout,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    } satisfies RedisStoreSetup,
  }
}

function checkAddress(node: unknown): void {
  const url = typeof node === 'string' && URL.canParse(node) ? new URL(node) : undefined
  if (url !== undefined && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return
  throw invalid(`an address in nodes must look like 'redis://127.0.0.1:7000' or 'rediss://…', and is ${String(node)}`)
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}
