import { fileURLToPath } from 'node:url'
import { mapMut } from 'vmarea'
import { compile } from '../support/compile.js'
import { compileAddon } from '../support/compile-addon.js'
import { paired } from '../support/paired.js'

export const rounds = 20_000
const turn = 1000 // Let the event loop turn now and then, as in a program, so that its work is measured too.
const byte = new Uint8Array([1])
const file = (name) => fileURLToPath(new URL(name, import.meta.url))

export function cycles(touch) {
  return nanosecondsOf(() => {
    const page = mapMut({ length: 4096 })
    touch(page)
    page.unmap()
  })
}

export const touches = {
  'by write': (page) => page.write(0, byte),
  'by bytes[0] = 1': (page) => {
    page.bytes[0] = 1
  },
}

/**
 * Map, touch and unmap one anonymous page, against the same in C. Beside it what no `bytes` can go below: the same through an ArrayBuffer of
 * Node-API, by an addon in C that checks nothing, without and with addresses that stay taken until the buffer is collected.
 */
export async function run() {
  const program = compile(file('map-touch-unmap.c'))
  const inC = () => program(rounds)[0]
  const { mapPage, unmapPage, mapHeldPage, unmapHeldPage } = compileAddon(file('node-api.c'))
  const rows = []
  for (const [name, touch] of Object.entries(touches)) {
    rows.push(
      row(
        `map, touch ${name}, unmap a page`,
        await paired(() => cycles(touch), inC),
        '<= 2.0 on Node 20, <= 1.5 on Node 24',
      ),
    )
  }
  const through = (map, unmap) => () =>
    nanosecondsOf(() => {
      const buffer = map()
      new Uint8Array(buffer)[0] = 1
      unmap(buffer)
    })
  const bare = await paired(through(mapPage, unmapPage), inC)
  const held = await paired(through(mapHeldPage, unmapHeldPage), inC)
  rows.push(row('the same through a bare external ArrayBuffer', bare, 'none'))
  rows.push(row('the same, with addresses that stay taken until it is collected', held, 'none'))
  return rows
}

async function nanosecondsOf(act) {
  const started = process.hrtime.bigint()
  for (let round = 0; round < rounds; round++) {
    act()
    if (round % turn === 0) await new Promise(setImmediate)
  }
  return Number(process.hrtime.bigint() - started) / rounds
}

function row(work, { measured, floor, ratio }, target) {
  return { work, measured: `${measured.toFixed(0)} ns`, floor: `${floor.toFixed(0)} ns in C`, ratio, target }
}
