import { VmError } from '../../vocabulary/vm-error.js'
import type { RedisStoreSetup } from './redis-store-options.js'

/** The time limit for connecting to a server, in milliseconds. */
const CONNECT = 2000

type Reply = unknown

/** The part of the package's client that is used. */
export interface RedisConnection {
  readonly isReady: boolean
  sendCommand(words: readonly (string | Buffer)[]): Promise<Reply>
}

interface PackageClient extends RedisConnection {
  on(event: 'error', listener: (error: Error) => void): unknown
  connect(): Promise<unknown>
  destroy(): void
  withTypeMapping(mapping: object): RedisConnection
}

/** The part of the package `@redis/client` that is used. */
export interface RedisClient {
  readonly RESP_TYPES: { readonly BLOB_STRING: number }
  createClient(options: object): PackageClient
}

/** Slots `[first, last]` and the address of the server that has them. */
interface Shard {
  readonly first: number
  readonly last: number
  readonly address: string
}

/**
 * Connections to the servers of a cluster, and the slots of each server. Each server has two connections: `WAIT` blocks the commands behind
 * it, and reads must not wait for it. A lost connection is not opened again by itself: a `WAIT` on a new one would not wait for
 * writes of the old one.
 */
export class RedisConnections {
  readonly #client: RedisClient
  readonly #setup: RedisStoreSetup
  readonly #open = new Map<string, Promise<{ readonly raw: PackageClient; readonly use: RedisConnection }>>()
  #shards: readonly Shard[] = []
  #learning: Promise<void> | undefined
  #closed = false

  constructor(client: RedisClient, setup: RedisStoreSetup) {
    this.#client = client
    this.#setup = setup
  }

  /** The address of the server that has the slot, as last reported. */
  addressOf(slot: number): string | undefined {
    return this.#shards.find(({ first, last }) => slot >= first && slot <= last)?.address
  }

  /** The servers that have slots. */
  get addresses(): readonly string[] {
    return [...new Set(this.#shards.map(({ address }) => address))]
  }

  /** A connection to the server. */
  async to(address: string, use: 'read' | 'write'): Promise<RedisConnection> {
    const key = `${use} ${address}`
    const known = this.#open.get(key)
    if (known !== undefined) {
      const { raw, use: connection } = await known
      if (raw.isReady) return connection
      this.#drop(key)
    }
    const opening = this.#connect(address)
    this.#open.set(key, opening)
    opening.catch(() => {
      if (this.#open.get(key) === opening) this.#open.delete(key)
    })
    return (await opening).use
  }

  /** Closes the connections to a server that does not answer: their calls reject. */
  forget(address: string): void {
    for (const use of ['read', 'write']) this.#drop(`${use} ${address}`)
  }

  /** Reads the slots of each server: `CLUSTER SLOTS`. */
  learn(): Promise<void> {
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = undefined
    })
    return this.#learning
  }

  close(): void {
    this.#closed = true
    for (const key of [...this.#open.keys()]) this.#drop(key)
  }

  async #learn(): Promise<void> {
    const { nodes } = this.#setup
    let cause: unknown
    for (const address of new Set([...this.addresses, ...nodes.map(normal)])) {
      try {
        const connection = await this.to(address, 'read')
        const reply = await within(CONNECT, connection.sendCommand(['CLUSTER', 'SLOTS']))
        this.#shards = shardsOf(reply, address)
        if (this.#shards.length > 0) return
      } catch (error) {
        if (/cluster support disabled/i.test(String(error))) {
          this.#shards = [{ first: 0, last: 16_383, address }]
          return
        }
        cause = error
        this.forget(address)
      }
    }
    throw new VmError('EIO', 'connect', {
      hint: `no server of the cluster says which slots it has: ${nodes.join(', ')}`,
      cause,
    })
  }

  async #connect(address: string): Promise<{ readonly raw: PackageClient; readonly use: RedisConnection }> {
    if (this.#closed) throw new Error('the store is closed')
    const { username, password, nodes } = this.#setup
    const [first] = nodes.map((node) => new URL(node))
    const url = `${first!.protocol}//${address}`
    const user = username ?? decodeURIComponent(first!.username)
    const secret = password ?? decodeURIComponent(first!.password)
    const raw = this.#client.createClient({
      url,
      RESP: 2,
      disableOfflineQueue: true,
      ...(user === '' ? {} : { username: user }),
      ...(secret === '' ? {} : { password: secret }),
      socket: { connectTimeout: CONNECT, reconnectStrategy: false, noDelay: true },
    })
    // The calls in flight reject as well.
    raw.on('error', () => {})
    await within(CONNECT, raw.connect()).catch((error) => {
      destroy(raw)
      throw error
    })
    return { raw, use: raw.withTypeMapping({ [this.#client.RESP_TYPES.BLOB_STRING]: Buffer }) }
  }

  #drop(key: string): void {
    const known = this.#open.get(key)
    this.#open.delete(key)
    known?.then(({ raw }) => destroy(raw)).catch(() => {})
  }
}

function destroy(raw: PackageClient): void {
  try {
    raw.destroy()
  } catch {
    // The connection is closed already.
  }
}

/** `host:port` of an address in the options. */
function normal(node: string): string {
  const { hostname, port } = new URL(node)
  return `${hostname}:${port === '' ? '6379' : port}`
}

/** The reply to `CLUSTER SLOTS`: first, last, and the server with its host, port and name; then its replicas. */
function shardsOf(reply: Reply, asked: string): Shard[] {
  const rows = reply as readonly (readonly [
    first: number,
    last: number,
    server: readonly [host: Buffer | null, port: number],
  ])[]
  return rows.map(([first, last, [host, port]]) => {
    const name = String(host ?? '') || asked.slice(0, asked.lastIndexOf(':'))
    return { first, last, address: `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}` }
  })
}

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const time = AbortSignal.timeout(milliseconds)
  const late = new Promise<never>((_resolve, reject) => {
    const message = `the server did not answer within ${milliseconds} ms`
    time.addEventListener('abort', () => reject(new Error(message)))
  })
  return Promise.race([promise, late])
}
