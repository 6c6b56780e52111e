import type { Area } from '#vmarea/kernel/area.js'
import type { RawPage } from '#vmarea/kernel/raw-page.js'
import { pageSize } from '../../published/index.js'
import { driverUrl } from './driver-url.js'

const page = pageSize()

export interface ZappingOptions {
  readonly pages: number
  readonly seed: number
  /** What each page is to hold from now on. */
  readonly versions: Int32Array
  /** What nobody who begins to read from now on may find older. */
  readonly settled: Int32Array
  /** What the driver does by itself again and again, of `DOES`, and how often it has. */
  readonly control: Int32Array
  /** Every second page is one of the driver's own, which it gives anew with each version. */
  readonly ownPages: boolean
}

export const DOES = { NOTHING: 0, INVALIDATE: 1, ZAP: 2 } as const

/**
 * The URL of a driver that takes pages away while they are read. Each word of a page has the page's version in it, under a mask that tells
 * the page and the place. Some fills take their time, and write something else first.
 */
export const zappingDriver = driverUrl((options: ZappingOptions, host) => {
  const { pages, versions, settled, control, ownPages } = options
  const [INVALIDATE, ZAP] = [1, 2]
  const areas: Area[] = []
  const given = new Map<number, RawPage>()
  let state = options.seed
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const fill = (bytes: Uint8Array, first: number, version: (number: number) => number) => {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    for (let at = 0; at < words.length; at++) {
      words[at] = Math.imul((first * page) / 4 + at + 1, 0x9e3779b1) ^ version(first + Math.floor((at * 4) / page))
    }
  }
  const isGiven = (number: number) => ownPages && number % 2 === 1
  const act = (first: number, count: number) => {
    const zaps = Atomics.load(control, 0) === ZAP
    const changed: number[] = []
    for (let number = first; number < first + count; number++) if (!zaps || isGiven(number)) changed.push(number)
    for (const number of changed) Atomics.add(versions, number, 1)
    // What the driver keeps for the next time it is asked must be of the new version, too.
    for (const number of changed) {
      given.get(number)?.put()
      given.delete(number)
    }
    if (zaps) for (const area of areas) area.zap(area.start + BigInt(first * page), count * page)
    else host.invalidate(first * page, count * page)
    for (const number of changed) Atomics.store(settled, number, Atomics.load(versions, number))
  }
  setInterval(() => {
    const what = Atomics.load(control, 0)
    if (what !== INVALIDATE && what !== ZAP) return
    const count = 1 + random(8)
    act(random(pages - count), count)
    Atomics.add(control, 1, 1)
  }, 1)
  let fills = 0
  return {
    size: pages * page,
    mmap(area) {
      area.changeFlags(0x1000_0000n, 0n)
      areas.push(area)
    },
    fault(fault) {
      const { bytes, offset } = fault
      const first = offset / page
      if (isGiven(first)) {
        const own = given.get(first) ?? host.allocatePage()
        if (!given.has(first)) fill(own.bytes, first, (number) => Atomics.load(versions, number))
        given.set(first, own)
        return fault.answer(own)
      }
      const now = new Map<number, number>()
      for (let at = 0; at < bytes.length; at += page)
        now.set(first + at / page, Atomics.load(versions, first + at / page))
      const version = (number: number) => now.get(number)!
      if (++fills % 3 > 0) return fill(bytes, first, version)
      bytes.fill(0xee)
      return new Promise<void>((resolve) => {
        setTimeout(() => {
          fill(bytes, first, version)
          resolve()
        }, fills % 4)
      })
    },
  }
})
