// Keeps swapped pages in a Redis or Valkey Cluster.
export { redisStore } from './stores/redis/redis-store.js'
export type { RedisStoreOptions } from './stores/redis/redis-store-options.js'
