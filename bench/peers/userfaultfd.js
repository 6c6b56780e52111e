// The crate userfaultfd doing what the benchmarks of userfaultfd/ do, beside them: its figures stand where the floor's would.
import { fileURLToPath } from 'node:url'
import { median } from '../support/paired.js'
import { userfaultfdCrate } from '../support/userfaultfd/crate.js'
import { run as runCalls } from '../userfaultfd/calls.js'
import { run as runFaults } from '../userfaultfd/faults.js'

const REPEATED = 5
/** Rounds of 500 faults in each repetition. */
const ROUNDS = 20

export async function run() {
  const crate = userfaultfdCrate()
  if (crate === undefined) return []
  const rows = []
  const calls = await runCalls()
  for (const [name, size] of [
    ['4 KiB', 4096],
    ['64 KiB', 65_536],
    ['2 MiB', 2 ** 21],
  ]) {
    const [theirs] = crate('copy', 32 * 2 ** 20, size, 12)
    rows.push(beside(`copy of ${name} (µs a call)`, [[figure(calls, `copy of ${name}`), theirs]]))
  }
  /** Figures of this library and of the crate in turn, by what they are of. */
  const pairs = {}
  for (let repetition = 0; repetition < REPEATED; repetition++) {
    const ours = await runFaults({ rounds: ROUNDS, heapSeconds: 0 })
    for (const [cpu, where] of ['on the same CPU', 'on another CPU'].entries()) {
      if (figure(ours, `one missing fault, handler ${where}`) === undefined) continue
      const theirs = crate('fault', ROUNDS, 500, cpu)
      const polled = crate('polled', ROUNDS, 500, cpu)
      for (const [index, share] of ['p50', 'p99'].entries()) {
        const work = `one missing fault, handler ${where}, ${share} (µs)`
        const { measured, floor } = ours.find((row) => row.work === work)
        const add = (name, figure) => {
          pairs[name] ??= []
          pairs[name].push([figure, theirs[index]])
        }
        add(work, measured)
        // The crate waits in read(2), which only a fault ends. A handler that can be ended waits in poll(2) first: another system call.
        add(`${work}, the crate with poll(2)`, polled[index])
        // What a larger process costs: the C thread of the benchmark without the crate, which is in this one, with poll(2).
        add(`${work}, a C thread in this process`, floor)
      }
    }
  }
  for (const [work, measured] of Object.entries(pairs))
    rows.push(beside(work, measured, work.endsWith('p50 (µs)') ? '<= 1.05' : 'none'))
  return rows
}

function figure(rows, work) {
  return rows.find((row) => row.work.startsWith(work))?.measured
}

function beside(work, pairs, target = 'none') {
  return {
    work: `${work}, beside the crate userfaultfd`,
    measured: median(pairs.map(([ours]) => ours)),
    floor: median(pairs.map(([, theirs]) => theirs)),
    ratio: median(pairs.map(([ours, theirs]) => ours / theirs)),
    target,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
