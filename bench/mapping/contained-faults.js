import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MemoryFault, map } from 'vmarea'
import { compile } from '../support/compile.js'
import { paired } from '../support/paired.js'

const pages = 12_000
const page = 4096

function inOrder(bytes) {
  let sum = 0
  for (let offset = 0; offset < bytes.length; offset += page) sum += bytes[offset]
  return sum
}

/** Microseconds a page to meet the faults of a file that was cut to its first page, in order, in one `access`. */
function contained(file) {
  truncateSync(file, pages * page)
  const mapping = map({ file })
  truncateSync(file, page)
  const started = performance.now()
  try {
    mapping.access(inOrder)
  } catch (error) {
    if (!(error instanceof MemoryFault)) throw error
  }
  const time = performance.now() - started
  mapping.unmap()
  return (time * 1000) / (pages - 1)
}

/** A sum over pages past the end of a file, beside a program in C whose signal handler jumps over each. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-'))
  const file = join(folder, 'cut')
  writeFileSync(file, new Uint8Array(page))
  const inC = compile(fileURLToPath(new URL('contained-faults.c', import.meta.url)))
  try {
    const { measured, floor, ratio } = await paired(
      () => contained(file),
      () => inC(pages, file)[0],
      5,
    )
    return [
      {
        work: 'contained faults: 12,000 pages past the end of a cut file, in order, a page',
        measured: `${measured.toFixed(1)} µs`,
        floor: `${floor.toFixed(1)} µs in C, a jump out of a handler`,
        ratio,
        target: '<= 10 µs',
      },
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}
