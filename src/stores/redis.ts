// Keeps swapped pages in a Redis or Valkey Cluster.
export { redisStore } from './redis/redis-store.js'
export type { RedisStoreOptions } from './redis/redis-store-options.js'
