import { ARENA } from './arena.js'
import type { Call } from './call.js'

const letters = new Map(
  Object.entries({
    0: 'rd',
    1: 'wr',
    2: 'ex',
    3: 'sh',
    4: 'mr',
    5: 'mw',
    6: 'me',
    7: 'ms',
    8: 'gd',
    9: 'um',
    10: 'pf',
    11: 'gu',
    12: 'uw',
    13: 'lo',
    14: 'io',
    15: 'sr',
    16: 'rr',
    17: 'dc',
    18: 'de',
    19: 'lf',
    20: 'ac',
    21: 'nr',
    25: 'wf',
    26: 'dd',
    28: 'mm',
    29: 'hg',
    30: 'nh',
    31: 'mg',
    40: 'dp',
    41: 'ui',
    42: 'sl',
  }).map(([bit, name]) => [Number(bit), name]),
)

/** A record of either side, as text. */
export function describeRecord(record: Uint8Array): string {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const number = (at: number) => view.getBigInt64(at, true)
  const result = number(0)
  const lines = [`result ${result >= 4096n ? `0x${result.toString(16)}` : result}, value ${number(8)}`]
  const count = Number(number(16))
  let at = 24
  for (let index = 0; index < count; index++, at += 48) {
    const first = (Number(number(at)) - ARENA.START) / ARENA.PAGE
    const last = (Number(number(at + 8)) - ARENA.START) / ARENA.PAGE
    const flags = number(at + 16)
    const names: string[] = []
    for (let bit = 0; bit < 64; bit++) if (flags & (1n << BigInt(bit))) names.push(letters.get(bit) ?? `?${bit}`)
    lines.push(
      `  ${first}-${last} ${names.join(' ')} offset ${number(at + 24)} file ${number(at + 32)} private ${number(at + 40)}`,
    )
  }
  const residency = record.subarray(at, at + ARENA.PAGES)
  lines.push(`  resident ${[...residency].map((byte) => '01-'[byte] ?? '?').join('')}`)
  at += ARENA.PAGES
  const events = Number(number(at))
  at += 8
  for (let index = 0; index < events; index++, at += 40) {
    const words = [16, 24, 32].map((word) => `0x${number(at + word).toString(16)}`)
    lines.push(`  userfaultfd ${number(at)} tells 0x${number(at + 8).toString(16)} ${words.join(' ')}`)
  }
  return lines.join('\n')
}

/** The length of the record that begins at `at`. */
export function recordLength(records: Buffer, at: number): number {
  const events = at + 24 + records.readUInt32LE(at + 16) * 48 + ARENA.PAGES
  return events + 8 + records.readUInt32LE(events) * 40 - at
}

/** A call as a line that `runCase` takes. */
export function describeCall([name, ...args]: Call): string {
  return `['${name}', ${args.map((value) => (value > 9 ? `0x${value.toString(16)}` : value)).join(', ')}],`
}
