/** Options of `redisStore`. */
export interface RedisStoreOptions {
  /** Addresses of some servers of the cluster, such as `'redis://127.0.0.1:7000'` or `'rediss://…'`. They name the others. A server
   * without a cluster is possible too. */
  readonly nodes: readonly string[]
  /** What the keys begin with. It must be this store's own, and has no braces. Default: `vmarea:` and a random number. */
  readonly prefix?: string
  /** The user to log in as. Default: the one in the address, or the server's default user. */
  readonly username?: string
  /** The password of that user. Default: the one in the address. */
  readonly password?: string
  /**
   * How many replicas must have a page before it leaves memory (`WAIT`). With 0, for servers without replicas, a page is lost with its server.
   * Default: 1.
   */
  readonly replicas?: number
  /** How long one call may take with all its attempts, in milliseconds. It should be below the swap's own `timeout`. Default: 20 000. */
  readonly timeout?: number
}

/** The options, each with a value. */
export type RedisStoreSetup = Required<Omit<RedisStoreOptions, 'username' | 'password'>> &
  Pick<RedisStoreOptions, 'username' | 'password'>
