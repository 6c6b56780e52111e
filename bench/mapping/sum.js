import { map } from 'vmarea'
import { pageCacheFile } from '../support/page-cache-file.js'
import { paired } from '../support/paired.js'

const size = 2 ** 30

function sum(bytes) {
  const started = process.hrtime.bigint()
  let total = 0
  for (let index = 0; index < bytes.length; index++) total = (total + bytes[index]) | 0
  const milliseconds = Number(process.hrtime.bigint() - started) / 1e6
  if (total === 42) console.log(total)
  return milliseconds
}

/** Sums 1 GiB in the page cache through `bytes`, against the same loop over a plain ArrayBuffer. */
export async function run() {
  const file = pageCacheFile(size)
  try {
    const mapping = map({ file: file.path })
    await mapping.populate()
    const plain = new Uint8Array(new ArrayBuffer(size))
    plain.set(mapping.bytes)
    const { measured, floor, ratio } = await paired(
      () => sum(mapping.bytes),
      () => sum(plain),
    )
    mapping.unmap()
    return [
      {
        work: 'sum 1 GiB through bytes',
        measured: `${measured.toFixed(0)} ms`,
        floor: `${floor.toFixed(0)} ms, ArrayBuffer`,
        ratio,
        target: '<= 1.02',
      },
    ]
  } finally {
    file.remove()
  }
}
