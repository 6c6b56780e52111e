import { readFileSync } from 'node:fs'
import { mapMut } from 'vmarea'

const cycles = 200_000

async function settle() {
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function state() {
  return {
    areas: readFileSync('/proc/self/maps', 'latin1').split('\n').length - 1,
    resident: process.memoryUsage.rss(),
  }
}

async function cycle(unmap) {
  for (let index = 0; index < cycles; index++) {
    const page = mapMut({ length: 4096 })
    page.bytes[0] = 1
    if (unmap) page.unmap()
    if (index % 10_000 === 0) await new Promise(setImmediate)
  }
  await settle()
}

/** Whether memory and areas come back after 200,000 mappings, unmapped and merely dropped. */
export async function run() {
  const rows = []
  await cycle(true) // The heap grows to its working size once.
  for (const unmap of [true, false]) {
    await settle()
    const before = state()
    await cycle(unmap)
    const after = state()
    rows.push({
      work: `200,000 mappings, ${unmap ? 'with unmap()' : 'dropped'}`,
      measured: `${after.areas} areas, ${(after.resident / 2 ** 20).toFixed(0)} MiB`,
      floor: `${before.areas} areas, ${(before.resident / 2 ** 20).toFixed(0)} MiB before`,
      ratio: after.resident / before.resident,
      target: 'as before',
    })
  }
  return rows
}
