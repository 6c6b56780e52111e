import { UsageError } from '../../vocabulary/usage-error.js'
import { definePageStore } from '../define-page-store.js'
import { type RedisClient, RedisConnections } from './redis-connections.js'
import { RedisPageStore } from './redis-page-store.js'
import type { RedisStoreSetup } from './redis-store-options.js'

export default definePageStore<RedisStoreSetup>(async (setup, { pageSize }) => {
  const client = await load()
  const store = new RedisPageStore(new RedisConnections(client, setup), setup, pageSize)
  await store.open()
  return store
})

async function load(): Promise<RedisClient> {
  // By a name that the compiler does not follow: the package is optional.
  const name: string = '@redis/client'
  try {
    return (await import(name)) as RedisClient
  } catch (cause) {
    const message = "redisStore requires the package '@redis/client': npm install @redis/client"
    throw new UsageError('ERR_VMAREA_UNSUPPORTED', message, { cause })
  }
}
