import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { map } from 'vmarea'
import { compile } from '../support/compile.js'
import { nanoseconds, paired } from '../support/paired.js'

const SIZES = [4, 16, 64, 256, 1024, 4096].map((kibibytes) => kibibytes * 1024)
/** Bytes that a measurement reads, in as many rounds as that takes. */
const READ = 64 * 2 ** 20
const FEWEST_ROUNDS = 16
const MOST_ROUNDS = 2000
/** A byte that no file here has, so that every byte is read. */
const ABSENT = 255

/** Files of 4 KiB to 4 MiB in the page cache: open, read all bytes and close, through a map and by `readFileSync`, and both in C. */
export async function run() {
  const inC = compile(fileURLToPath(new URL('small-files.c', import.meta.url)))
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-'))
  try {
    const results = []
    for (const size of SIZES) {
      const path = join(folder, String(size))
      writeFileSync(path, Buffer.alloc(size, 7))
      const rounds = Math.max(FEWEST_ROUNDS, Math.min(MOST_ROUNDS, Math.floor(READ / size)))
      const ours = await paired(
        () => nanoseconds(rounds, () => search(map({ file: path }))),
        () => nanoseconds(rounds, () => readFileSync(path).indexOf(ABSENT)),
      )
      const floor = await paired(
        () => inC(path, 'map', rounds)[0],
        () => inC(path, 'read', rounds)[0],
      )
      results.push({ size, ours, floor })
    }
    return [...results.map(row), crossovers(results)]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function search(mapping) {
  const { buffer, byteOffset, length } = mapping.bytes
  // Buffer's own search for both: it is memchr(3), as the floor's.
  Buffer.from(buffer, byteOffset, length).indexOf(ABSENT)
  mapping.unmap()
}

function row({ size, ours, floor }) {
  return {
    work: `map, read all, unmap a file of ${size / 1024} KiB`,
    measured: microseconds(ours.measured),
    floor: `${microseconds(ours.floor)}, readFileSync; in C ${microseconds(floor.measured)} and ${microseconds(floor.floor)}`,
    ratio: `${ours.ratio.toFixed(2)}, in C ${floor.ratio.toFixed(2)}`,
    target: 'none',
  }
}

function crossovers(results) {
  const measured = crossover(results.map(({ size, ours }) => [size, ours.ratio]))
  const floor = crossover(results.map(({ size, floor }) => [size, floor.ratio]))
  return {
    work: 'the size from which a map is ahead',
    measured: kibibytes(measured),
    floor: `${kibibytes(floor)}, in C`,
    ratio: measured / floor,
    target: '<= 1.1',
  }
}

/** The size from which the ratio stays below 1, between two sizes on logarithmic scales. 0 where it is below from the first size on. */
function crossover(points) {
  const last = points.findLastIndex(([, ratio]) => ratio >= 1)
  if (last === -1) return points[0][0]
  if (last === points.length - 1) return Number.POSITIVE_INFINITY
  const [[before, above], [after, below]] = points.slice(last, last + 2)
  const part = Math.log(above) / (Math.log(above) - Math.log(below))
  return before * (after / before) ** part
}

function microseconds(nanoseconds) {
  return `${(nanoseconds / 1000).toFixed(1)} µs`
}

function kibibytes(bytes) {
  return Number.isFinite(bytes) ? `${Math.round(bytes / 1024)} KiB` : 'none up to 4 MiB'
}
