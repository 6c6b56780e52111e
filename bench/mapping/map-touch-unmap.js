import { fileURLToPath } from 'node:url'
import { mapMut } from 'vmarea'
import { compile } from '../support/compile.js'
import { paired } from '../support/paired.js'

export const rounds = 20_000
const turn = 1000 // Let the event loop turn now and then, as in a program, so that its work is measured too.
const byte = new Uint8Array([1])

export async function cycles(touch) {
  const started = process.hrtime.bigint()
  for (let round = 0; round < rounds; round++) {
    const page = mapMut({ length: 4096 })
    touch(page)
    page.unmap()
    if (round % turn === 0) await new Promise(setImmediate)
  }
  return Number(process.hrtime.bigint() - started) / rounds
}

export const touches = {
  'by write': (page) => page.write(0, byte),
  'by bytes[0] = 1': (page) => {
    page.bytes[0] = 1
  },
}

/** Map, touch and unmap one anonymous page, against the same in C. */
export async function run() {
  const inC = compile(fileURLToPath(new URL('map-touch-unmap.c', import.meta.url)))
  const rows = []
  for (const [name, touch] of Object.entries(touches)) {
    const { measured, floor, ratio } = await paired(
      () => cycles(touch),
      () => inC(rounds)[0],
    )
    rows.push({
      work: `map, touch ${name}, unmap a page`,
      measured: `${measured.toFixed(0)} ns`,
      floor: `${floor.toFixed(0)} ns in C`,
      ratio,
      target: '<= 2.5',
    })
  }
  return rows
}
