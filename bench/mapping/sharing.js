import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from '../support/paired.js'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/** The records of 64 bytes a second through shared memory. */
export function run() {
  return sharedLog()
}

/** The example itself, with the time that its sides take to start. */
function sharedLog() {
  const rounds = [1, 2, 3].map(() => {
    const text = execFileSync(process.execPath, [file('../../examples/shared-log.mjs'), '5000000'], {
      encoding: 'utf8',
    })
    return [...text.matchAll(/records between two (\w+).*: (\d+) a second/g)]
  })
  return rounds[0].map(([, between], index) => ({
    work: `shared log of 64-byte records between two ${between}`,
    measured: `${(median(rounds.map((round) => Number(round[index][2]))) / 1e6).toFixed(2)} million/s`,
    target: '>= 1 million/s',
  }))
}
