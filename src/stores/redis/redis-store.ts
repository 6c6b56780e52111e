import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { hideCredentials } from '../../vocabulary/options/hide-credentials.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { textRule } from '../../vocabulary/options/text-rule.js'
import { timerMilliseconds } from '../../vocabulary/options/timer-milliseconds.js'
import { wholeNumber } from '../../vocabulary/options/whole-number.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { RedisStoreOptions, RedisStoreSetup } from './redis-store-options.js'

const rules: OptionRules<RedisStoreOptions> = {
  nodes: {
    must: "a list of addresses such as 'redis://127.0.0.1:7000', with one at least",
    holds: (value) => Array.isArray(value) && value.length > 0,
  },
  prefix: {
    must: 'a text without braces, which would put all keys into one slot',
    holds: (value) => typeof value === 'string' && value !== '' && !/[{}]/.test(value),
  },
  username: textRule('a text'),
  password: { must: 'a text', holds: (value) => typeof value === 'string', secret: true },
  replicas: wholeNumber('', 0),
  timeout: timerMilliseconds,
}

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
  const { nodes, username, password, ...rest } = checkOptions('redisStore()', options, rules, ['nodes'])
  const { replicas = 1, timeout = 20_000, prefix = `vmarea:${crypto.randomUUID()}:` } = rest
  for (const node of nodes) checkAddress(node)
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
  const shown = showValue(typeof node === 'string' ? hideCredentials(node) : node)
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `an address in nodes of redisStore() must look like 'redis://127.0.0.1:7000' or 'rediss://…', and is ${shown}`,
  )
}
