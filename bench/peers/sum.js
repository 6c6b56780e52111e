import { readFileSync } from 'node:fs'
import { map } from 'vmarea'
import { mmapRs } from '../support/mmap-rs.js'
import { pageCacheFile } from '../support/page-cache-file.js'
import { paired } from '../support/paired.js'

const size = 2 ** 30

/** From nothing to the sum of a file of 1 GiB in the page cache: through a mapping, through `fs`, and by mmap-rs (the sum alone). */
export async function run() {
  const file = pageCacheFile(size)
  try {
    const peer = mmapRs()
    const rows = [row('fs.readFileSync', await paired(mapped, read, 3))]
    if (peer !== undefined) {
      rows.push(row('mmap-rs, which vectorizes', await paired(mapped, () => peer('sum', file.path)[0], 3)))
    }
    return rows
  } finally {
    file.remove()
  }

  function mapped() {
    const started = performance.now()
    const mapping = map({ file: file.path, populate: true })
    sum(mapping.bytes)
    mapping.unmap()
    return performance.now() - started
  }

  function read() {
    const started = performance.now()
    sum(readFileSync(file.path))
    return performance.now() - started
  }
}

function sum(bytes) {
  let total = 0
  for (let index = 0; index < bytes.length; index++) total = (total + bytes[index]) | 0
  return total
}

function row(peer, { measured, floor, ratio }) {
  return {
    work: 'map, sum and unmap a file of 1 GiB',
    measured: `${measured.toFixed(0)} ms`,
    floor: `${floor.toFixed(0)} ms, ${peer}`,
    ratio,
  }
}
