// A log in shared memory: one side appends records, the other follows and sleeps while there is none. First between two Workers, then
// between two processes.
//
//   node examples/shared-log.mjs          appends 200,000 records of 64 bytes either way
//   node examples/shared-log.mjs 1000000  appends that many
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { mapMut, pageSize } from 'vmarea'

const RECORD = 64
const RECORDS = 16384 // that the ring holds; a power of two, so that numbers may wrap at 2^32
/** Words of the first page, each on a line of the processor's cache of its own: how many records were written, and how many were read. */
const WRITTEN = 0
const READ = 64
/** Whether a side sleeps, so that the other knows when to notify it. */
const READER_SLEEPS = 128
const WRITER_SLEEPS = 192

class SharedLog {
  constructor(file) {
    const length = pageSize() + RECORD * RECORDS
    this.memory = mapMut({ file, shared: true, length, writable: true })
    this.words = new Int32Array(this.memory.bytes.buffer, 0, pageSize() / 4)
    this.records = new Int32Array(this.memory.bytes.buffer, pageSize())
  }

  /** Appends `count` records, `fill` of each. Notifies once a batch. */
  append(count, fill) {
    let written = this.#load(WRITTEN)
    for (let left = count; left > 0; ) {
      const room = RECORDS - ((written - this.#awaitChange(READ, WRITER_SLEEPS, (written - RECORDS) | 0)) >>> 0)
      const batch = Math.min(room, left, 1024)
      for (let index = 0; index < batch; index++) fill(this.records, ((written + index) & (RECORDS - 1)) * (RECORD / 4))
      written = (written + batch) | 0
      this.#store(WRITTEN, READER_SLEEPS, written)
      left -= batch
    }
  }

  /** Calls `use` with each of the next `count` records. */
  follow(count, use) {
    let read = this.#load(READ)
    for (let left = count; left > 0; ) {
      const ready = Math.min((this.#awaitChange(WRITTEN, READER_SLEEPS, read) - read) >>> 0, left)
      for (let index = 0; index < ready; index++) use(this.records, ((read + index) & (RECORDS - 1)) * (RECORD / 4))
      read = (read + ready) | 0
      this.#store(READ, WRITER_SLEEPS, read)
      left -= ready
    }
  }

  /** The counter once it is another than `seen`. Says that it sleeps before `wait` looks at the counter, so that no notification is missed. */
  #awaitChange(counter, sleeps, seen) {
    for (let tries = 0; this.#load(counter) === seen; tries++) {
      if (tries < 100) continue
      Atomics.store(this.words, sleeps / 4, 1)
      const ended = this.memory.wait(counter, seen, { timeout: 60_000 })
      if (ended === 'timed-out') throw new Error('the other side has done nothing for a minute')
      Atomics.store(this.words, sleeps / 4, 0)
    }
    return this.#load(counter)
  }

  #load(counter) {
    return Atomics.load(this.words, counter / 4)
  }

  #store(counter, sleeps, value) {
    Atomics.store(this.words, counter / 4, value)
    if (Atomics.load(this.words, sleeps / 4) === 1) this.memory.notify(counter)
  }
}

/** One side of the log, until all records are through. */
function run({ side, file, count }) {
  const log = new SharedLog(file)
  let number = 0
  if (side === 'append') {
    log.append(count, (records, at) => {
      records[at] = number++
    })
  } else {
    log.follow(count, (records, at) => {
      if (records[at] !== number++) throw new Error(`record ${number - 1} is ${records[at]}`)
    })
  }
  log.memory.unmap()
}

const count = Number(process.argv[2] ?? 200_000)
if (!isMainThread) {
  run(workerData)
} else if (process.argv[3] !== undefined) {
  run({ side: process.argv[3], file: process.argv[4], count })
} else {
  const folder = mkdtempSync(join(tmpdir(), 'shared-log-'))
  try {
    for (const between of ['two Workers', 'two processes']) {
      const { closeSync, ftruncateSync, openSync } = await import('node:fs')
      const file = join(folder, between)
      const descriptor = openSync(file, 'wx+')
      ftruncateSync(descriptor, pageSize() + RECORD * RECORDS)
      closeSync(descriptor)
      const begin = performance.now()
      const sides = ['append', 'follow'].map((side) =>
        between === 'two Workers'
          ? new Worker(new URL(import.meta.url), { workerData: { side, file, count } })
          : fork(new URL(import.meta.url), [String(count), side, file]),
      )
      const codes = await Promise.all(sides.map(async (side) => (await once(side, 'exit'))[0]))
      if (codes.some((code) => code !== 0)) throw new Error(`a side failed: ${codes}`)
      const seconds = (performance.now() - begin) / 1000
      console.log(`${count} records between ${between}, with starting them: ${Math.round(count / seconds)} a second`)
    }
    console.log('every record came once, in order') // every record came once, in order
  } finally {
    rmSync(folder, { recursive: true })
  }
}
