import assert from 'node:assert/strict'
import { MemoryFault, mapMut, openSwap, pageSize } from 'vmarea'
import { Random } from '../differential/random.js'
import { patient } from '../support/patient.js'
import { until } from '../support/until.js'
import { type ErraticOptions, MISBEHAVIOURS } from './stores/erratic.js'

const PAGES = 160
const LIMIT = 40
const WRITERS = 6
/** Milliseconds. Some answers of the store come later. */
const TIMEOUT = 300

const page = pageSize()

/** What a run has done. */
export interface ErraticRun {
  readonly reads: number
  readonly writes: number
  /** Accesses that failed with a `MemoryFault`. */
  readonly failed: number
  readonly misbehaviours: { readonly [name: string]: number }
}

/**
 * Several threads write and read memory in a budget, over a store that misbehaves as the seed says, while pages are dropped and commands given.
 *
 * The model: each page has one writer, and two words that count its writes. An access succeeds with the words as they were written last, or
 * fails with a `MemoryFault` of the reason `'swap'` (`'poisoned'` after `exit()`) and changes nothing. When the store is a good one again, every page that it has not
 * lost is readable with its last words after `restore()`.
 */
export async function useErraticStore(seed: number, steps: number): Promise<ErraticRun> {
  const memory = mapMut({ length: PAGES * page })
  const control = new SharedArrayBuffer(4)
  const options: ErraticOptions = {
    seed,
    control,
    lost: new SharedArrayBuffer(PAGES),
    counts: new SharedArrayBuffer(MISBEHAVIOURS.length * 4),
  }
  const lost = new Uint8Array(options.lost)
  const swap = await openSwap(memory, {
    store: new URL('./stores/erratic.js', import.meta.url),
    storeOptions: options,
    residentLimit: LIMIT * page,
    timeout: TIMEOUT,
  })
  const written = new Uint32Array(PAGES)
  const done = { reads: 0, writes: 0, failed: 0 }
  const wordsOf = (value: number) => new Uint8Array(new Uint32Array([value, ~value]).buffer)

  /** Whether the access succeeded. */
  const attempt = async (act: () => Promise<unknown>): Promise<boolean> => {
    try {
      await act()
      return true
    } catch (error) {
      if (!(error instanceof MemoryFault) || error.reason !== (swap.service === 'ended' ? 'poisoned' : 'swap'))
        throw error
      done.failed++
      return false
    }
  }
  const write = async (at: number, value: number): Promise<boolean> => {
    if (!(await attempt(() => memory.writeAsync(at * page + 128, wordsOf(value))))) return false
    written[at] = value
    done.writes++
    return true
  }
  const read = async (at: number): Promise<boolean> => {
    const bytes = new Uint8Array(8)
    if (!(await attempt(() => memory.readAsync(at * page + 128, bytes)))) return false
    const [value, other] = new Uint32Array(bytes.buffer)
    const right = written[at] === 0 ? [0, 0] : [written[at], ~written[at]! >>> 0]
    assert.deepEqual([value, other], right, `page ${at} holds other words than were written last`)
    done.reads++
    return true
  }
  const use = async (writer: number): Promise<void> => {
    const random = new Random(seed + writer)
    for (let step = 0; step < steps; step++) {
      const at = random.below(Math.floor(PAGES / WRITERS)) * WRITERS + writer
      if (random.chance(50)) await write(at, written[at]! + 1)
      else if (random.chance(98)) await read(at)
      else {
        await memory.advise('dontneed', at * page, page)
        written[at] = 0
        lost[at] = 0
      }
      if (writer !== 0 || !random.chance(5)) continue
      Atomics.store(new Int32Array(control), 0, random.pick([0, 2, 10, 40]))
      if (random.chance(50)) await swap.restore()
      else await swap[random.pick(['enable', 'trim', 'out'] as const)]().catch(() => {})
    }
  }
  try {
    for (let at = 0; at < PAGES; at++) await write(at, 1)
    Atomics.store(new Int32Array(control), 0, 10)
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => use(writer)))
    Atomics.store(new Int32Array(control), 0, 0)
    const missing = new Set<number>(written.keys())
    await until(
      () => `pages ${[...missing]} can be read again`,
      async () => {
        await swap.restore()
        for (const at of missing) if ((await read(at)) || lost[at] === 1) missing.delete(at)
        return missing.size === 0
      },
      patient(120_000),
    )
  } finally {
    await swap.exit().catch((error: Error) => assert.match(error.message, /could not be read back/))
  }
  for (const at of written.keys()) assert.ok((await read(at)) || lost[at] === 1, `page ${at} is lost after exit()`)
  memory.unmap()
  const counts = new Int32Array(options.counts)
  return { ...done, misbehaviours: Object.fromEntries(MISBEHAVIOURS.map((name, index) => [name, counts[index]!])) }
}
