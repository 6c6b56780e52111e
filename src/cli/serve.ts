import {
  fileSource,
  type Guest,
  type GuestSource,
  httpSource,
  layerSources,
  listenForGuests,
  mergeWorkingSets,
  packedSource,
  readWorkingSet,
  type WorkingSet,
} from '../guests.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { parseByteSize } from './pack/parse-byte-size.js'
import { GuestMetrics } from './serve/guest-metrics.js'
import { listenForMetrics } from './serve/listen-for-metrics.js'
import { ServeProgress } from './serve/serve-progress.js'
import { SetRecorder } from './serve/set-recorder.js'

export interface ServeCommandOptions {
  readonly socket: string | undefined
  readonly memory: string | undefined
  readonly base: readonly string[]
  readonly around: string | undefined
  readonly prefetch: boolean
  readonly record: string | undefined
  readonly replay: readonly string[]
  readonly removed: string | undefined
  readonly 'on-failure': string | undefined
  readonly keeper: boolean
  readonly drain: boolean
  readonly state: string | undefined
  readonly mode: string | undefined
  readonly uid: readonly string[]
  readonly metrics: string | undefined
  readonly json: boolean
}

/** `vmarea serve`. Resolves to the exit code after SIGTERM or SIGINT. */
export async function serve(values: ServeCommandOptions): Promise<number> {
  const { socket, memory, base, replay } = values
  if (socket === undefined || memory === undefined) throw new CommandError('serve requires --socket and --memory')
  if (values.prefetch && replay.length > 0) throw new CommandError('--prefetch and --replay are alternatives')
  const around = values.around === undefined ? {} : { around: parseByteSize(values.around, '--around') }
  const layers = [memory, ...base].map(sourceNamed)
  const source = layers.length === 1 ? layers[0]! : layerSources(layers)
  const port = values.metrics === undefined ? undefined : parsePort(values.metrics)
  const prefetch = values.prefetch ? 'all' : replay.length === 0 ? undefined : await readSets(replay)
  const progress = new ServeProgress(values.json || !process.stdout.isTTY, [memory, ...base].join(' over '))
  const recorder = values.record === undefined ? undefined : new SetRecorder(values.record)

  const guests = await listenForGuests(socket, {
    onFailure: (values['on-failure'] ?? 'poison') as 'poison' | 'kill' | 'wait',
    keeper: values.keeper,
    ...(values.state === undefined ? {} : { state: values.state, takeOver: true }),
    ...(values.mode === undefined ? {} : { mode: parseMode(values.mode) }),
    ...(values.uid.length === 0 ? {} : { uid: values.uid.map(parseUser) }),
    onRefused: (error, peer) => progress.event('refused', { ...peer, error: (error as Error).message }),
  })
  const metrics = new GuestMetrics()
  const prepare = async () => {
    await guests.prepare(source)
    return port === undefined ? undefined : listenForMetrics(metrics, port)
  }
  const server = await prepare().catch(async (error) => {
    await guests.close()
    throw error
  })
  const end = async () => {
    if (values.drain) await Promise.all([...guests.open].map((guest) => guest.prefetchAll()))
    await guests.close()
  }
  let ending: Promise<void> | undefined
  const onSignal = () => {
    ending ??= end()
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  progress.event('listening', { socket, memory, ...(server === undefined ? {} : { metrics: server.url }) })

  const endings = new Set<Promise<void>>()
  const begin = async (guest: Guest) => {
    const { pid, uid, regions, takenOver } = guest
    progress.add(guest)
    metrics.add(guest)
    guest.onPageFailed = (page) => progress.event('page-failed', { pid, ...page })
    const ended = guest.closed.then(async ({ reason, statistics }) => {
      progress.remove(guest)
      const recordError = await recorder?.add(guest.workingSet())
      const record = recordError === undefined ? {} : { recordError: recordError.message }
      progress.event('ended', { pid, reason, ...record, statistics })
      endings.delete(ended)
    })
    endings.add(ended)
    try {
      await guest.serve(source, {
        ...around,
        record: recorder !== undefined,
        ...(prefetch === undefined ? {} : { prefetch }),
        removed: (values.removed ?? 'zero') as 'zero' | 'unregister',
      })
      const bytes = regions.reduce((sum, { length }) => sum + length, 0)
      progress.event('serving', { pid, uid, bytes, ...(takenOver ? { takenOver } : {}) })
    } catch (error) {
      progress.event('failed', { pid, error: (error as Error).message })
      await guest.close()
    }
  }
  try {
    for await (const guest of guests) void begin(guest)
    await ending
  } finally {
    await guests.close()
    await Promise.all(endings)
    server?.close()
    progress.end()
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal)
  }
  return EXIT.OK
}

async function readSets(paths: readonly string[]): Promise<WorkingSet> {
  const sets: WorkingSet[] = []
  for (const path of paths) sets.push(await readWorkingSet(path))
  return mergeWorkingSets(sets)
}

function sourceNamed(name: string): GuestSource {
  if (/^https?:/.test(name)) return httpSource({ url: name })
  return /\.(gz|blocks)$/.test(name) ? packedSource(name) : fileSource(name)
}

function parseMode(text: string): number {
  if (!/^0?[0-7]{1,3}$/.test(text)) throw new CommandError(`--mode is octal, as in 0660, not ${JSON.stringify(text)}`)
  return Number.parseInt(text, 8)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port < 65536) return port
  throw new CommandError(`--metrics is a port from 0 to 65535, not ${JSON.stringify(text)}`)
}

function parseUser(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new CommandError(`--uid is the number of a user, not ${JSON.stringify(text)}`)
  return Number(text)
}
