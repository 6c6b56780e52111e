import { existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { MOST_UNSTEADY } from '../most-unsteady.js'
import { TapResults } from './tap-results.js'

/**
 * Runs files in batches until each has a result, and prints a line for each. If the machine ends, the file that ran then has failed.
 *
 * @param {object} options
 * @param {string} options.path where what the machine prints is kept
 * @param {readonly { name: string, tests: string }[]} options.files
 * @param {boolean} options.resume keep the results of files that have passed and are at `path`
 * @param {boolean} options.again run a file that failed three times more
 * @param {(batch: readonly { name: string, tests: string }[]) => boolean} options.fits whether a machine takes so many files at once
 * @param {(batch: readonly { name: string, tests: string }[], onLine: (line: string) => void) => Promise<unknown>} options.start
 * @returns {Promise<TapResults>}
 */
export async function collectResults({ path, files, resume, again, fits, start }) {
  const kept = resume ? passedIn(path, files) : []
  const log = openSync(path, 'w')
  const recorder = (results) => (line) => {
    writeSync(log, `${line}\n`)
    results.add(line)
    if (line.startsWith('@@ result')) console.log(`  ${describe(results.files.at(-1))}`)
  }
  const runAll = async (wanted, results) => {
    const onLine = recorder(results)
    for (;;) {
      const rest = wanted.filter((file) => !results.files.some((other) => isSame(file, other)))
      if (rest.length === 0) return
      const before = results.files.length
      await start(
        rest.filter((_, index) => index === 0 || fits(rest.slice(0, index + 1))),
        onLine,
      )
      if (results.files.length === before) throw new Error(`it did not start: ${path} has what it said`)
      if (results.files.at(-1).code === undefined) onLine('@@ result 137 0')
    }
  }

  const results = new TapResults()
  if (kept.length > 0) console.log('  kept from before:')
  for (const line of kept) recorder(results)(line)
  if (kept.length > 0) console.log('  now:')
  await runAll(files, results)

  const failed = results.files.filter((file) => file.failed.length > 0)
  if (!again || failed.length === 0 || failed.length > MOST_UNSTEADY) return results
  console.log('  three times more, alone:')
  for (const file of failed) {
    const rounds = [new TapResults(), new TapResults(), new TapResults()]
    for (const round of rounds) await runAll([file], round)
    if (rounds.every((round) => round.failures.length === 0)) results.setUnsteady(file)
  }
  return results
}

function describe({ name, tests, passed, failed, skipped, seconds }) {
  const which = tests && ` (${tests})`
  return `${name}${which}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped, ${seconds} s`
}

function isSame(one, other) {
  return one.name === other.name && one.tests === other.tests
}

/** The lines of files that have passed, of each those of the last time. */
function passedIn(path, files) {
  if (!existsSync(path)) return []
  const kept = new Map()
  for (const section of readFileSync(path, 'utf8').split(/^(?=@@ file )/m)) {
    const results = new TapResults()
    const lines = section.split('\n')
    for (const line of lines) results.add(line)
    const [file] = results.files
    if (file?.code !== 0 || file.failed.length > 0 || !files.some((other) => isSame(file, other))) continue
    const end = lines.findIndex((line) => line.startsWith('@@ result'))
    kept.set(file.name, lines.slice(0, end + 1))
  }
  return [...kept.values()].flat()
}
