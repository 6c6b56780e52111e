import { VmError } from '../../vocabulary/vm-error.js'
import { checkPages } from '../check-pages.js'
import { noSuchPage } from '../no-such-page.js'
import { PageNumbers } from '../page-numbers.js'
import type { PageStore } from '../page-store.js'
import { storeClosed } from '../store-closed.js'
import { keySlot } from './key-slot.js'
import type { RedisConnection, RedisConnections } from './redis-connections.js'
import type { RedisStoreSetup } from './redis-store-options.js'

/** Milliseconds from a failed attempt to the next. They double up to the second number. */
const [RETRY, LONGEST_RETRY] = [20, 500]
/** The time limit of an attempt, in milliseconds. After it, the connection to the server is closed. */
const ATTEMPT = 5000
/** How many keys one round of commands deletes at `close`. */
const ROUND = 1024

/** Commands to one server for some of the pages, which may be repeated. `at` has indices of `pages`; the last argument is the time limit. */
type Ask = (connection: RedisConnection, at: readonly number[], milliseconds: number) => Promise<unknown>

/** Keeps pages in a cluster, each under a key of its own. The commands of a call go to each server in one pipeline. */
export class RedisPageStore implements PageStore {
  readonly pageSize: number
  readonly #connections: RedisConnections
  readonly #setup: RedisStoreSetup
  readonly #written = new PageNumbers()
  #closed = false

  constructor(connections: RedisConnections, setup: RedisStoreSetup, pageSize: number) {
    this.#connections = connections
    this.#setup = setup
    this.pageSize = pageSize
  }

  async open(): Promise<void> {
    try {
      await this.#connections.learn()
    } catch (error) {
      this.#connections.close()
      throw error
    }
  }

  async write(pages: readonly number[], bytes: Uint8Array): Promise<void> {
    this.#check(pages, bytes)
    const { replicas } = this.#setup
    for (const page of pages) this.#written.set(page, 0)
    await this.#ask(pages, 'write', async (connection, at, milliseconds) => {
      const replies: Promise<unknown>[] = at.map((index) =>
        connection.sendCommand(['SET', this.#key(pages[index]!), this.#part(bytes, index)]),
      )
      // After the writes, on the connection that sent them.
      if (replicas > 0)
        replies.push(connection.sendCommand(['WAIT', String(replicas), String(Math.ceil(milliseconds / 4))]))
      const results = await Promise.all(replies)
      if (replicas === 0) return
      const reached = Number(results.at(-1))
      if (reached < replicas) throw new Error(`${reached} replicas have the pages, and ${replicas} must`)
    })
  }

  async read(pages: readonly number[], into: Uint8Array): Promise<void> {
    this.#check(pages, into)
    for (const page of pages) if (this.#written.get(page) === -1) throw noSuchPage(page)
    await this.#ask(pages, 'read', async (connection, at) => {
      const replies = await Promise.all(at.map((index) => connection.sendCommand(['GET', this.#key(pages[index]!)])))
      for (const [which, reply] of replies.entries()) {
        const index = at[which]!
        const page = reply as Uint8Array | null
        if (page?.length !== this.pageSize) {
          throw new VmError('EIO', 'read', {
            hint:
              page === null ? `the cluster has lost page ${pages[index]}` : `page ${pages[index]} is no page any more`,
          })
        }
        into.set(page, index * this.pageSize)
      }
    })
  }

  async free(pages: readonly number[]): Promise<void> {
    this.#check(pages)
    const kept = pages.filter((page) => this.#written.get(page) !== -1)
    for (const page of kept) this.#written.delete(page)
    await this.#delete(kept)
  }

  /** Deletes the keys. Those of a server that does not answer stay. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      let round: number[] = []
      for (const page of this.#written.pages()) {
        round.push(page)
        if (round.length < ROUND) continue
        await this.#delete(round)
        round = []
      }
      await this.#delete(round)
    } catch {
      // Keys that are left have the prefix.
    } finally {
      this.#written.clear()
      this.#connections.close()
    }
  }

  async #delete(pages: readonly number[]): Promise<void> {
    await this.#ask(pages, 'write', (connection, at) =>
      Promise.all(at.map((index) => connection.sendCommand(['UNLINK', this.#key(pages[index]!)]))),
    )
  }

  // Sends the commands to the servers of the pages, and repeats those that failed until the time limit.
  async #ask(pages: readonly number[], use: 'read' | 'write', ask: Ask): Promise<void> {
    const end = performance.now() + this.#setup.timeout
    let cause: unknown
    let left: readonly number[] = pages.map((_page, index) => index)
    for (let delay = RETRY; left.length > 0; delay = Math.min(delay * 2, LONGEST_RETRY)) {
      const failed: number[] = []
      const ofServer = async (address: string | undefined, at: readonly number[]) => {
        try {
          if (address === undefined) throw new Error('no server has the slot of the page')
          const connection = await this.#connections.to(address, use)
          const limit = Math.max(Math.min(ATTEMPT, end - performance.now()), 1)
          await this.#inTime(address, ask(connection, at, limit), limit)
        } catch (error) {
          if (error instanceof VmError) throw error
          if (/^OOM /.test(String((error as Error)?.message))) {
            throw new VmError('ENOSPC', 'write', { hint: 'a server of the cluster is at its maxmemory', cause: error })
          }
          cause ??= error
          failed.push(...at)
        }
      }
      await Promise.all([...this.#byServer(pages, left)].map(([address, at]) => ofServer(address, at)))
      left = failed
      if (left.length === 0) return
      if (performance.now() + delay >= end) {
        throw new VmError('EIO', use, {
          hint: `the cluster did not answer for ${left.length} pages within ${this.#setup.timeout} ms`,
          cause,
        })
      }
      await new Promise((resolve) => setTimeout(resolve, delay))
      // The slots may have moved to another server. Where no server answers, the known ones stay.
      await this.#connections.learn().catch(() => {})
    }
  }

  #byServer(pages: readonly number[], at: readonly number[]): Map<string | undefined, number[]> {
    const groups = new Map<string | undefined, number[]>()
    for (const index of at) {
      const address = this.#connections.addressOf(keySlot(this.#key(pages[index]!)))
      const group = groups.get(address)
      if (group === undefined) groups.set(address, [index])
      else group.push(index)
    }
    return groups
  }

  async #inTime(address: string, answer: Promise<unknown>, limit: number): Promise<void> {
    // Close the connection, so that its calls reject: the caller may use the buffers only when no call does.
    const timer = setTimeout(() => this.#connections.forget(address), limit)
    try {
      await answer
    } finally {
      clearTimeout(timer)
    }
  }

  #key(page: number): string {
    return this.#setup.prefix + page
  }

  #part(bytes: Uint8Array, index: number): Buffer {
    return Buffer.from(bytes.buffer, bytes.byteOffset + index * this.pageSize, this.pageSize)
  }

  #check(pages: readonly number[], bytes?: Uint8Array): void {
    if (this.#closed) throw storeClosed()
    checkPages(pages, this.pageSize, bytes)
  }
}
