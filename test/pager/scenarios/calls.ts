// What the program and the server do with served memory, beside touching it.
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { addon } from '#vmarea/linux/addon/addon.js'
import { watchReadable } from '#vmarea/linux/addon/watch-readable.js'
import { GuardSource } from '#vmarea/pager/source/guard-source.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { guardMarkers, Served } from './served.js'

const PAGES = 8
const RW = PROT.READ | PROT.WRITE
const byte = new Uint8Array(1)

const read = (served: Served, number: number, offset = 0) =>
  served.region.read(number * page + offset, byte)?.reason ?? byte[0]
const right = (served: Served, number: number) => read(served, number) === fill(number)
const write = (served: Served, number: number, value: number, offset = 0) =>
  served.region.write(number * page + offset, new Uint8Array([value]))?.reason ?? 'written'
const pagesSeen = async (served: Served) => (await served.seen()).map(({ page }) => page)

/** How many of so many pages are mapped; the process as a whole has more areas whenever the engine wants some. */
const pagesMapped = (start: bigint) =>
  Array.from({ length: PAGES }, (_, number) => kernel.addressSpace.lookup(start + BigInt(number * page))).filter(
    (area) => area !== undefined,
  ).length

function outcome(act: () => unknown): unknown {
  try {
    return act() ?? 'done'
  } catch (error) {
    return (error as { code: string }).code
  }
}

const answers: Record<string, () => Promise<unknown>> = {
  async hide() {
    const served = await Served.open(PAGES)
    const first = [right(served, 0), right(served, 1), write(served, 1, 99, 5)]
    const seen = await pagesSeen(served)
    await served.call('hide', served.start, 2 * page)
    const again = [right(served, 0), right(served, 1)]
    return { first, seen, again, seenAgain: await pagesSeen(served), served: await served.stop() }
  },

  // A page that the program has written in a private map is its own, whatever is hidden or becomes of the file.
  async private() {
    const served = await Served.open(PAGES, { flags: MAP.PRIVATE })
    const first = [right(served, 0), right(served, 1), write(served, 1, 99, 5)]
    await served.call('hide', served.start, PAGES * page)
    const again = [right(served, 0), read(served, 1, 5), right(served, 1), right(served, 2)]
    return { first, again, seen: await pagesSeen(served), served: await served.stop() }
  },

  async notify() {
    const served = await Served.open(PAGES, { notifyWrites: true })
    const first = [
      right(served, 0),
      right(served, 1),
      write(served, 0, 7, 1),
      read(served, 0, 1),
      write(served, 0, 8, 2),
    ]
    const straight = [write(served, 3, 7, 1), read(served, 3, 1)]
    const seen = await served.seen()
    await served.call('hide', served.start, page)
    const again = [right(served, 0), write(served, 0, 9, 1), read(served, 0, 1)]
    const seenAgain = await served.seen()
    served.region.protect(0, PAGES * page, PROT.READ, RW)
    const forbidden = [write(served, 0, 1), write(served, 1, 1), right(served, 4)]
    served.region.protect(0, PAGES * page, RW, PROT.READ)
    const back = [write(served, 0, 5, 1), write(served, 1, 5, 1)]
    return {
      first,
      straight,
      seen,
      again,
      seenAgain,
      forbidden,
      back,
      seenLast: await served.seen(),
    }
  },

  async protect() {
    const served = await Served.open(PAGES)
    const first = [right(served, 0), right(served, 3)]
    served.region.protect(0, 4 * page, PROT.NONE, RW)
    const none = [read(served, 0), read(served, 1), right(served, 5)]
    kernel.calls.mprotect(BigInt(served.start), 4 * page, PROT.READ)
    const readable = [right(served, 0), right(served, 1), write(served, 0, 1), write(served, 2, 1)]
    await served.call('setProtection', served.start, 4 * page, RW)
    const both = [write(served, 0, 1, 9), write(served, 2, 1, 9), right(served, 2)]
    const odd = [
      outcome(() => kernel.calls.mprotect(BigInt(served.start), page, 0x40)),
      outcome(() => kernel.calls.mprotect(BigInt(served.start + 1), page, RW)),
    ]
    return { first, none, readable, both, odd, seen: await pagesSeen(served) }
  },

  // Whoever serves may not have heard yet that its memory went, and that another's is there now.
  async another() {
    const served = await Served.open(PAGES)
    const other = await Served.open(PAGES)
    const first = right(served, 0)
    const range = [served.start, PAGES * page] as const
    const codes = [
      await other.call('show', ...range, true),
      await other.call('setProtection', ...range, PROT.NONE),
      await other.call('hide', ...range),
      await other.call('unwatch', ...range),
    ]
    const after = [right(served, 0), right(served, 1), write(served, 2, 7, 1)]
    return { first, codes, after, seen: await pagesSeen(served) }
  },

  // The memory goes while a thread waits in it.
  async unmap() {
    const served = await Served.open(PAGES, { mute: true })
    const bytes = served.bytes()
    const waiting = served.region.readAsync(page, new Uint8Array(1)).then(String, ({ code }) => code)
    while ((await served.seen()).length === 0);
    served.region.unmap()
    return {
      answer: await waiting,
      after: bytes[3 * page],
      faults: (await served.call('show', served.start, page, true)) as number,
    }
  },

  async grow() {
    const served = await Served.open(PAGES, { filePages: 3 * PAGES, address: 0x20_0000_0000n })
    const first = [right(served, 0), right(served, PAGES - 1)]
    served.region.resize(PAGES * page + page)
    await served.call('grown', page)
    return { first, length: served.region.length / page, grown: right(served, PAGES), served: await served.stop() }
  },

  async advise() {
    const served = await Served.open(PAGES)
    const [start, length] = [BigInt(served.start), PAGES * page]
    const advise = (advice: number) => outcome(() => kernel.calls.madvise(start, length, advice))
    const refused = [advise(MADV.GUARD_INSTALL), advise(MADV.GUARD_REMOVE), advise(MADV.REMOVE)]
    const populated = advise(MADV.POPULATE_READ)
    const seen = await pagesSeen(served)
    served.region.protect(0, page, PROT.READ, RW)
    const forbidden = [advise(MADV.POPULATE_WRITE), advise(MADV.POPULATE_READ)]
    const dropped = [advise(MADV.DONTNEED), right(served, 3), ...(await pagesSeen(served))]
    return { refused, populated, seen, forbidden, dropped }
  },

  async lock() {
    const served = await Served.open(PAGES)
    const first = outcome(() => kernel.calls.mlock(BigInt(served.start), 4 * page))
    const seen = await pagesSeen(served)
    await served.call('hide', served.start, 2 * page)
    const after = [right(served, 0), right(served, 2), right(served, 5)]
    return {
      first,
      seen,
      after,
      seenAgain: await pagesSeen(served),
      lock: outcome(() => kernel.calls.mlock(BigInt(served.start), page)),
    }
  },

  async systemCall() {
    const served = await Served.open(PAGES)
    const file = openSync('/dev/shm', 0o20200002) // O_TMPFILE | O_RDWR
    const bytes = served.bytes()
    const hidden = outcome(() => writeSync(file, bytes, 0, 16))
    const shown = [right(served, 0), outcome(() => writeSync(file, bytes, 0, 16))]
    return { hidden, shown, faults: served.region.faults }
  },

  // Nobody has the region any more: its memory goes, and what was watched with it.
  async collect() {
    const served = await Served.open(PAGES)
    let region: object | undefined = kernel.regions.mapRegion(
      0x30_0000_0000n,
      PAGES * page,
      0,
      MAP.SHARED,
      served.descriptor,
      0,
      page,
    )
    await served.call('also', 0x30_0000_0000, PAGES * page)
    const watched = addon().emulatedFlagsAt(0x30_0000_0000n)
    region = undefined
    while (addon().emulatedFlagsAt(0x30_0000_0000n) === 1) {
      globalThis.gc!()
      await sleep(1)
    }
    const shown = await served.call('show', 0x30_0000_0000, page, true)
    return { watched, region, shown, left: pagesMapped(0x30_0000_0000n), right: right(served, 1) }
  },

  // The thread that serves touches what only it could show.
  async self() {
    const source = new GuardSource({ guardMarkers })
    const descriptor = kernel.files.memfdCreate('self', { sealable: false })
    kernel.files.ftruncate(descriptor, PAGES * page)
    const region = kernel.regions.mapRegion(0n, PAGES * page, PROT.NONE, MAP.SHARED, descriptor, 0, page)
    source.watch(Number(region.start), PAGES * page, RW, false)
    const copied = [outcome(() => region.read(0, byte)), outcome(() => region.write(0, byte))]
    const mark = kernel.regions.faultScope.enter()
    const plain = new Uint8Array(region.view(0, page))[1]
    const scoped = kernel.regions.faultScope.leave(mark)?.reason
    source.show(Number(region.start), page, true)
    const after = [outcome(() => region.read(0, byte)), byte[0], source.take(0)]
    const twice = outcome(() => source.watch(Number(region.start), page, RW, false))
    source.unwatch(Number(region.start), PAGES * page)
    const unwatched = [region.read(0, byte)?.reason ?? byte[0], region.read(page, byte)?.reason]
    source.close()
    source.close()
    const closed = [outcome(() => source.watch(Number(region.start), page, RW, false)), outcome(() => source.take(0))]
    const other = new GuardSource()
    other.watch(Number(region.start), page, RW, false)
    other.close()
    return { copied, plain, scoped, after, twice, unwatched, closed, dead: region.read(0, byte)?.reason }
  },

  // The eventfd tells an event loop, and `take` with no time to wait gives what there is.
  async poll() {
    const source = new GuardSource({ guardMarkers })
    const descriptor = kernel.files.memfdCreate('poll', { sealable: false })
    kernel.files.ftruncate(descriptor, PAGES * page)
    const region = kernel.regions.mapRegion(0n, PAGES * page, PROT.NONE, MAP.SHARED, descriptor, 0, page)
    source.watch(Number(region.start), PAGES * page, RW, false)
    let rings = 0
    let stop = () => {}
    const listen = () => {
      rings++
      stop = watchReadable(source.descriptor, listen)
      for (let count = source.take(0); count > 0; count = source.take(0)) {
        for (let index = 0; index < count; index++) source.show(source.address(index), page, true)
      }
    }
    stop = watchReadable(source.descriptor, listen)
    const reads = await Promise.all([0, 1, 2, 3].map((number) => region.readAsync(number * page, new Uint8Array(1))))
    const one = await region.readAsync(5 * page, new Uint8Array(1))
    stop()
    // Another thread ends a wait.
    const worker = new Worker(
      `import(${JSON.stringify(import.meta.resolve('#vmarea/pager/source/guard-source.js'))}).then(({ GuardSource }) => GuardSource.interrupt(${source.id}))`,
      { eval: true },
    )
    const taken = source.take(20_000)
    const begin = performance.now()
    source.take(30)
    const waited = performance.now() - begin
    await worker.terminate()
    source.close()
    return { reads: reads.map((fault) => fault === undefined), one: one === undefined, rings, taken, waited }
  },

  // A thread that waits is told to end: it does when it has its page.
  async terminate() {
    const served = await Served.open(PAGES, { mute: true })
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(${JSON.stringify(import.meta.resolve('#vmarea/this-process.js'))}).then(async ({ thisProcess }) => {
        const region = thisProcess().kernel.regions.mapRegion(0n, ${PAGES * page}, 0, 1, workerData, 0, ${page})
        parentPort.postMessage(Number(region.start))
        await new Promise((resolve) => parentPort.once('message', resolve))
        region.protect(0, ${PAGES * page}, 3, 0)
        new Uint8Array(region.view(0, ${page}))[0]
        for (;;);
      })`
    const worker = new Worker(source, { eval: true, workerData: served.descriptor })
    const start = await new Promise<number>((resolve) => worker.once('message', resolve))
    await served.call('also', start, PAGES * page)
    worker.postMessage('watched')
    while ((await served.seen()).length === 0) await sleep(1)
    const ended = worker.terminate()
    await served.call('show', start, page, true)
    return { code: await ended, areas: addon().countAreas() > 0 }
  },
}
console.log(JSON.stringify(await answers[process.argv[3]!]!()))
process.exit()
