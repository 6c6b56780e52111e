import { closeSync, openSync, readSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { map } from 'vmarea'
import { compile } from '../support/compile.js'
import { pageCacheFile } from '../support/page-cache-file.js'
import { nanoseconds, paired } from '../support/paired.js'

const size = 4 * 2 ** 30
const reads = 100_000
const target = new Uint8Array(4096)

function offsets(seed) {
  let state = seed
  return Float64Array.from({ length: reads }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * (size / 4096)) * 4096
  })
}

/** 100,000 random guarded reads of 4 KiB in a file of 4 GiB in the page cache, against `fs.readSync`. */
export async function run() {
  const file = pageCacheFile(size)
  const descriptor = openSync(file.path)
  try {
    const places = offsets(1)
    const mapping = map({ file: file.path, advice: 'random' })
    await mapping.populate()
    const { measured, floor, ratio } = await paired(
      () => nanoseconds(reads, (index) => mapping.read(places[index], target)),
      () => nanoseconds(reads, (index) => readSync(descriptor, target, 0, 4096, places[index])),
      5,
    )
    const memory = compile(fileURLToPath(new URL('random-copies.c', import.meta.url)))
    const bare = await paired(
      () => nanoseconds(reads, (index) => mapping.read(places[index], target)),
      () => memory(file.path, size, reads)[0],
      5,
    )
    mapping.unmap()
    return [
      {
        work: 'random guarded read of 4 KiB in 4 GiB',
        measured: `${measured.toFixed(0)} ns`,
        floor: `${floor.toFixed(0)} ns, fs.readSync`,
        ratio: `${(1 / ratio).toFixed(2)} x as fast`,
        target: '>= 4 x',
      },
      {
        work: 'the same beside a bare memcpy',
        measured: `${bare.measured.toFixed(0)} ns`,
        floor: `${bare.floor.toFixed(0)} ns, memcpy in C`,
        ratio: bare.ratio,
      },
    ]
  } finally {
    closeSync(descriptor)
    file.remove()
  }
}
