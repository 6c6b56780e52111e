import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'

/** Why no cluster can be started here, or `false`. */
export function skipWithoutRedis(): string | false {
  const found =
    spawnSync('redis-server', ['--version']).status === 0 && spawnSync('redis-cli', ['--version']).status === 0
  return !found && 'no redis-server and redis-cli'
}

export interface RedisNode {
  readonly port: number
  readonly process: ChildProcess
  readonly words: readonly string[]
}

/** Three masters and a replica of each on loopback. */
export interface RedisCluster {
  readonly nodes: readonly RedisNode[]
  readonly urls: readonly string[]
  /** The reply of a server, or an empty text where it does not answer. */
  ask(port: number, ...words: string[]): string
  /** The server that has the slot of the key. */
  masterOf(key: string, asked?: number): RedisNode
  /** Starts a server again that has ended, and waits until it is a replica with all of the content. */
  restart(node: RedisNode): Promise<void>
  stop(): Promise<void>
}

export async function startRedisCluster(): Promise<RedisCluster> {
  const ports = await freePorts(12)
  const nodes: RedisNode[] = []
  for (let index = 0; index < 6; index++) {
    const port = ports[index]!
    const folder = join(temporaryFolder, `redis-${port}`)
    mkdirSync(folder)
    const options = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'no',
      'cluster-enabled': 'yes',
      'cluster-port': ports[index + 6]!,
      'cluster-node-timeout': '2000',
      // A replica that waits for its first copy is no candidate.
      'repl-diskless-sync-delay': '0',
      'cluster-allow-replica-migration': 'no',
    }
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    nodes.push({ port, words, process: spawn('redis-server', words, { stdio: 'ignore' }) })
  }
  const ask = (port: number, ...words: string[]) =>
    spawnSync('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...words], { encoding: 'utf8', timeout: 10_000 })
      .stdout
  const again: ChildProcess[] = []
  const stop = async () => {
    for (const child of [...nodes.map((node) => node.process), ...again]) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
  try {
    for (const { port } of nodes)
      await until(`the server at ${port} answers`, () => ask(port, 'PING').startsWith('PONG'))
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    const made = spawnSync(
      'redis-cli',
      ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'],
      { encoding: 'utf8', timeout: 60_000 },
    )
    if (made.status !== 0) throw new Error(`no cluster: ${made.stdout}${made.stderr}`)
    for (const { port } of nodes) {
      await until(`the server at ${port} is part of a cluster`, () => ask(port, 'CLUSTER', 'INFO').includes('state:ok'))
      await until(`the server at ${port} has its first copy`, () => {
        const info = ask(port, 'INFO', 'replication')
        return info.includes('role:master') ? info.includes('state=online') : info.includes('master_link_status:up')
      })
    }
  } catch (error) {
    await stop()
    throw error
  }
  return {
    nodes,
    urls: nodes.map(({ port }) => `redis://127.0.0.1:${port}`),
    ask,
    masterOf(key, asked = nodes[0]!.port) {
      const slot = Number(ask(asked, 'CLUSTER', 'KEYSLOT', key))
      const masters = ask(asked, 'CLUSTER', 'NODES')
        .split('\n')
        .filter((line) => line.includes('master'))
      const line = masters.find((each) =>
        [...each.matchAll(/ (\d+)-(\d+)/g)].some(([, first, last]) => slot >= Number(first) && slot <= Number(last)),
      )
      return nodes.find(({ port }) => line?.includes(`127.0.0.1:${port}@`))!
    },
    async restart({ port, words }) {
      again.push(spawn('redis-server', words, { stdio: 'ignore' }))
      await until(`the server at ${port} is a replica`, () =>
        ask(port, 'INFO', 'replication').includes('master_link_status:up'),
      )
    },
    stop,
  }
}

/** Ports that no program listens at, all of them different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
