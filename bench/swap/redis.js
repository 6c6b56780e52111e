// Pages of a redisStore, 64 in flight, beside the client's own pipelined GET of 4 KiB on the same cluster; redis-benchmark is shown with them.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCluster, RESP_TYPES } from '@redis/client'
import { openPageStore } from 'vmarea/stores'
import { redisStore } from 'vmarea/stores/redis'
import { paired } from '../support/paired.js'

const PAGE = 4096
const PAGES = 4096
/** A cluster has three at least. */
const MASTERS = 3
const IN_FLIGHT = 64
const CALLS = 4000
const ROUNDS = 7

export async function run() {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.log('no redis-server: its row is left out')
    return []
  }
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-redis-'))
  const ports = await freePorts(MASTERS * 2)
  const servers = ports.slice(0, MASTERS).map((port, index) => {
    const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', 'cluster-enabled': 'yes' }
    const words = Object.entries({
      ...options,
      'cluster-port': ports[MASTERS + index],
      'cluster-config-file': `${port}.conf`,
    })
    const line = words.flatMap(([name, value]) => [`--${name}`, String(value)])
    return spawn('redis-server', line, { stdio: 'ignore' })
  })
  const cli = (...args) => spawnSync('redis-cli', args, { encoding: 'utf8' }).stdout
  const masters = ports.slice(0, MASTERS)
  try {
    for (const port of masters) while (!cli('-p', port, 'PING').startsWith('PONG')) await sleep(20)
    cli('--cluster', 'create', ...masters.map((port) => `127.0.0.1:${port}`), '--cluster-yes')
    for (const port of masters) while (!cli('-p', port, 'CLUSTER', 'INFO').includes('state:ok')) await sleep(20)
    return await rows(masters[0])
  } finally {
    for (const server of servers) {
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true })
  }
}

async function rows(port) {
  const url = `redis://127.0.0.1:${port}`
  const store = await openPageStore(redisStore({ nodes: [url], replicas: 0, prefix: 'bench:' }), { pageSize: PAGE })
  const client = createCluster({ rootNodes: [{ url }] })
  await client.connect()
  const buffers = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const bytes = Uint8Array.from({ length: PAGE }, (_, index) => index * 7)
  const pages = Array.from({ length: PAGES }, (_, page) => page)
  const keys = pages.map((page) => `raw:${page}`)
  for (let at = 0; at < PAGES; at += IN_FLIGHT) {
    await Promise.all(pages.slice(at, at + IN_FLIGHT).map((page) => store.write([page], bytes)))
    await Promise.all(keys.slice(at, at + IN_FLIGHT).map((key) => buffers.set(key, Buffer.from(bytes))))
  }
  const intos = Array.from({ length: IN_FLIGHT }, () => new Uint8Array(PAGE))
  /** Calls a second, with `IN_FLIGHT` of them under way. */
  const rate = async (call) => {
    let next = 0
    const since = performance.now()
    await Promise.all(
      intos.map(async (into) => {
        for (let at = next++; at < CALLS; at = next++) await call((at * 7919) % PAGES, into)
      }),
    )
    return (CALLS / (performance.now() - since)) * 1000
  }
  const { measured, floor, ratio } = await paired(
    () => rate((page, into) => store.read([page], into)),
    () => rate((page) => buffers.get(keys[page])),
    ROUNDS,
  )
  const tool = spawnSync(
    'redis-benchmark',
    [
      '-p',
      String(port),
      '--cluster',
      '-t',
      'set,get',
      '-d',
      String(PAGE),
      '-P',
      String(IN_FLIGHT),
      '-c',
      '3',
      '-n',
      '20000',
      '-r',
      '4096',
      '--csv',
    ],
    { encoding: 'utf8' },
  )
  const reported = Number(/"GET","([\d.]+)"/.exec(tool.stdout)?.[1])
  await store.close()
  await client.close()
  return [
    {
      work: `pages read from a redisStore, ${IN_FLIGHT} in flight (pages/s)`,
      measured,
      floor,
      ratio,
      target: '>= 0.85',
    },
    {
      work: 'the same GETs by redis-benchmark --cluster (GET/s)',
      measured: reported,
      floor: null,
      ratio: null,
      target: '',
    },
  ]
}

/** All of them different. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
