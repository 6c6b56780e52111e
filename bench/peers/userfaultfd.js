// The crate userfaultfd doing what the benchmarks of userfaultfd/ do, beside them: its figures stand where the floor's would.
import { fileURLToPath } from 'node:url'
import { userfaultfdCrate } from '../support/userfaultfd/crate.js'
import { run as runCalls } from '../userfaultfd/calls.js'
import { run as runFaults } from '../userfaultfd/faults.js'

export async function run() {
  const crate = userfaultfdCrate()
  if (crate === undefined) return []
  const [calls, faults] = [await runCalls(), await runFaults()]
  const measured = (rows, work) => rows.find((row) => row.work.startsWith(work))?.measured
  const rows = []
  for (const [name, size] of [
    ['4 KiB', 4096],
    ['64 KiB', 65_536],
    ['2 MiB', 2 ** 21],
  ]) {
    const [theirs] = crate('copy', 32 * 2 ** 20, size, 12)
    rows.push(beside(`copy of ${name} (µs a call)`, measured(calls, `copy of ${name}`), theirs))
  }
  for (const [cpu, where] of ['on the same CPU', 'on another CPU'].entries()) {
    const ours = (share) => measured(faults, `one missing fault, handler ${where}, ${share}`)
    if (ours('p50') === undefined) continue
    const [p50, p99] = crate('fault', 60, 500, cpu)
    rows.push(beside(`one missing fault, handler ${where}, p50 (µs)`, ours('p50'), p50))
    rows.push(beside(`one missing fault, handler ${where}, p99 (µs)`, ours('p99'), p99))
  }
  return rows
}

function beside(work, measured, theirs) {
  return { work: `${work}, beside the crate userfaultfd`, measured, floor: theirs, ratio: measured / theirs }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
