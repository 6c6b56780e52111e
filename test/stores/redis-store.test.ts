import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mapMut, openSwap, pageSize } from 'vmarea'
import { pageStoreConformance } from '#vmarea/conformance.js'
import { keySlot } from '#vmarea/stores/redis/key-slot.js'
import { openPageStore } from '#vmarea/stores.js'
import { redisStore } from '#vmarea/stores-redis.js'
import { throwsUsage } from '../support/throws.js'
import { until } from '../support/until.js'
import { skipWithout } from '../userfaultfd/skip.js'
import { type RedisCluster, skipWithoutRedis, startRedisCluster } from './redis-cluster.js'

const skip = skipWithoutRedis()
const PAGE = 4096
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const bytes = (count: number, seed: number) =>
  Uint8Array.from({ length: count * PAGE }, (_, at) => (at * 31 + seed * 7 + (at >> 12)) & 255)

describe('redisStore over a cluster of six servers', { skip, timeout: 300_000 }, () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster()
  })
  after(() => cluster?.stop())

  // Each case opens a store with a prefix of its own, and mostly waits for servers.
  describe('passes the suite of stores', { concurrency: 8 }, () => {
    pageStoreConformance({
      test: (title: string, options: unknown, run?: () => void | Promise<void>) =>
        test(title, (run ?? options) as () => Promise<void>),
      open: (pageSize) => openPageStore(redisStore({ nodes: cluster.urls, timeout: 120_000 }), { pageSize }),
    })
  })

  test('a key lies in the slot that the cluster says', () => {
    for (const key of ['vmarea:1:0', 'vmarea:1:12345', 'a', '123456789']) {
      assert.equal(keySlot(key), Number(cluster.ask(cluster.nodes[0]!.port, 'CLUSTER', 'KEYSLOT', key)))
    }
  })

  test('closing the store deletes its keys, and no others', async () => {
    const { port } = cluster.nodes[0]!
    cluster.ask(port, '-c', 'SET', 'other', '1')
    const store = await openPageStore(redisStore({ nodes: cluster.urls, prefix: 'mine:' }), { pageSize: PAGE })
    await store.write(numbers(100), bytes(100, 1))
    const keys = () =>
      cluster.nodes.reduce(
        (sum, node) => sum + cluster.ask(node.port, 'KEYS', 'mine:*').split('\n').filter(Boolean).length,
        0,
      )
    // On each server and on its replica.
    assert.equal(keys(), 200)
    await store.close()
    await until('the replicas have deleted them as well', () => keys() === 0)
    assert.equal(cluster.ask(port, '-c', 'GET', 'other'), '1\n')
  })

  test('a page that fewer replicas have than must is not written', async () => {
    const store = await openPageStore(redisStore({ nodes: cluster.urls, replicas: 2, timeout: 2000 }), {
      pageSize: PAGE,
    })
    await assert.rejects(
      async () => store.write([1], bytes(1, 1)),
      (error: Error) => {
        assert.equal((error as NodeJS.ErrnoException).code, 'EIO')
        assert.match(String((error.cause as Error).message), /1 replicas have the pages, and 2 must/)
        return true
      },
    )
    await store.close()
  })

  test('a page that was deleted or replaced behind its back is an error', async () => {
    const store = await openPageStore(redisStore({ nodes: cluster.urls, prefix: 'lost:' }), { pageSize: PAGE })
    await store.write([1, 2], bytes(2, 1))
    const { port } = cluster.nodes[0]!
    cluster.ask(port, '-c', 'DEL', 'lost:1')
    cluster.ask(port, '-c', 'SET', 'lost:2', 'x')
    await assert.rejects(async () => store.read([1], new Uint8Array(PAGE)), { code: 'EIO', message: /has lost page 1/ })
    await assert.rejects(async () => store.read([2], new Uint8Array(PAGE)), {
      code: 'EIO',
      message: /page 2 is no page/,
    })
    await store.close()
  })

  test('swapped memory keeps every page while one server is killed', {
    skip: skipWithout('move', 'event_unmap', 'event_remap', 'event_remove', 'poison'),
  }, async () => {
    const page = pageSize()
    const PAGES = 600
    const memory = mapMut({ length: PAGES * page })
    const counts = new Uint32Array(PAGES)
    const write = async (at: number) => {
      counts[at]!++
      await memory.writeAsync(at * page, new Uint8Array(new Uint32Array([counts[at]!, at]).buffer))
    }
    for (let at = 0; at < PAGES; at++) await write(at)
    const store = redisStore({ nodes: cluster.urls, prefix: 'swap:', timeout: 60_000 })
    const swap = await openSwap(memory, { store, residentLimit: 100 * page, timeout: 100_000 })
    await until('pages are out', () => swap.statistics.swapPages >= 400)
    const killed = cluster.masterOf('swap:7')
    const alive = cluster.nodes.find((node) => node !== killed)!
    let hasFailedOver = false
    let round = 0
    const traffic = async (which: number) => {
      for (let at = which; !hasFailedOver || round < 2 * PAGES; at = at + 4 < PAGES ? at + 4 : which) {
        await write(at)
        round++
      }
    }
    // Four writers, each with pages of its own.
    const busy = [0, 1, 2, 3].map(traffic)
    killed.process.kill('SIGKILL')
    await until('a replica has taken the slots', () => {
      const master = cluster.masterOf('swap:7', alive.port)
      return (
        master !== undefined && master !== killed && cluster.ask(alive.port, 'CLUSTER', 'INFO').includes('state:ok')
      )
    })
    // What was the replica has none of its own, so that no page is safe there, until the server is back as its replica.
    await cluster.restart(killed)
    hasFailedOver = true
    await Promise.all(busy)
    await until('pages leave again', () => swap.failure === undefined && swap.statistics.residentPages <= 100)
    const words = new Uint32Array(2)
    for (let at = 0; at < PAGES; at++) {
      await memory.readAsync(at * page, new Uint8Array(words.buffer))
      assert.deepEqual([...words], [counts[at], at], `page ${at}`)
    }
    await swap.exit()
    memory.unmap()
  })
})

test('options of redisStore that can mean nothing are refused', () => {
  const invalid = (options: unknown, message: RegExp) =>
    throwsUsage(() => redisStore(options as never), 'ERR_VMAREA_INVALID_ARGUMENT', message)
  invalid(undefined, /the options must be an object, and are undefined/)
  invalid({}, /requires the option nodes/)
  invalid({ nodes: [] }, /nodes of .* must be a list/)
  invalid({ nodes: ['127.0.0.1:7000'] }, /must look like 'redis:/)
  invalid({ nodes: ['http://a'] }, /must look like 'redis:/)
  const nodes = ['redis://127.0.0.1:1']
  invalid({ nodes, prefix: '{a}' }, /without braces/)
  invalid({ nodes, replicas: -1 }, /replicas of .* must be/)
  invalid({ nodes, timeout: 0 }, /timeout of .* must be/)
})

test('opening rejects with the addresses where no server of a cluster answers', async () => {
  const store = redisStore({ nodes: ['redis://127.0.0.1:1'] })
  await assert.rejects(openPageStore(store, { pageSize: PAGE }), { code: 'EIO', message: /redis:\/\/127\.0\.0\.1:1/ })
})
