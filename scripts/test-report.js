// The report of `npm test`: its progress, the name of each failure at once, and at the end each failure in full with the output of its
// file, the skipped tests by reason, and last the names of the failed tests, where the tail of a log shows them.
import { appendFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

const files = Number(process.env.VMAREA_TEST_FILES)
/** Milliseconds between two lines of progress where they are not drawn over each other. */
const PAUSE = process.stdout.isTTY ? 100 : 10_000

export default async function* report(events) {
  const begun = performance.now()
  const seen = new Set()
  const printed = new Map()
  const failures = []
  const skipped = new Map()
  const durations = new Map()
  let passed = 0
  let shown = begun
  // Over the line of progress where there is one.
  const start = process.stdout.isTTY ? '\r\x1b[K' : ''
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      const file = resolve(data.file)
      printed.set(file, (printed.get(file) ?? '') + data.message)
    } else if (type === 'test:pass' || type === 'test:fail') {
      seen.add(data.file)
      if (data.nesting === 0) durations.set(data.file, (durations.get(data.file) ?? 0) + data.details.duration_ms)
      if (type === 'test:fail') {
        // A group fails with its members, which are reported themselves.
        if (data.details.error?.failureType !== 'subtestsFailed') {
          failures.push(data)
          yield start + nameOf(data)
        }
      } else if (data.skip !== undefined) add(skipped, String(data.skip), data.name)
      else if (data.details.type !== 'suite') passed++
    }
    if (performance.now() - shown < PAUSE) continue
    shown = performance.now()
    const line = `${seen.size} of ${files} files, ${passed} tests passed, ${failures.length} failed, ${seconds(begun)} s`
    yield process.stdout.isTTY ? start + line : `${line}\n`
  }
  yield start
  for (const failure of failures) yield describe(failure, printed.get(resolve(failure.file ?? '')))
  for (const [reason, names] of skipped) yield `skipped, ${reason}: ${some(names)}\n`
  yield `the longest files: ${longest(durations)}\n`
  yield `${passed} tests passed, ${failures.length} failed, ${sum(skipped)} skipped, in ${seconds(begun)} s\n`
  for (const failure of failures) {
    if (process.env.VMAREA_TEST_FAILURES !== undefined) {
      appendFileSync(process.env.VMAREA_TEST_FAILURES, nameOf(failure))
    }
    if (process.env.VMAREA_FAILED_FILES !== undefined && failure.file !== undefined) {
      appendFileSync(process.env.VMAREA_FAILED_FILES, `${resolve(failure.file)}\n`)
    }
    yield nameOf(failure)
  }
}

/** The five files that took longest, with their seconds. */
function longest(durations) {
  const sorted = [...durations].sort(([, one], [, other]) => other - one).slice(0, 5)
  return sorted.map(([file, time]) => `${relative('test-dist', file)} ${Math.round(time / 1000)} s`).join(', ')
}

function describe(failure, output) {
  const { error } = failure.details
  const cause = error?.cause ?? error
  const text = cause instanceof Error ? inspect(cause) : String(cause) + endOf(error)
  const seed = output === undefined ? '' : `  its file printed:\n${indent(output.trim().slice(-4000))}\n`
  return `failed: ${failure.name}\n  at ${place(failure)}\n${indent(text)}\n${seed}\n`
}

/** How the process of a file ended, where that is what failed. */
function endOf(error) {
  if (error?.signal) return `: its process ended by ${error.signal}`
  return error?.exitCode ? `: its process exited with ${error.exitCode}` : ''
}

function nameOf(failure) {
  return `failed: ${failure.name} (${place(failure)})\n`
}

function place({ file, line }) {
  return file === undefined ? '?' : `${relative(process.cwd(), file)}:${line ?? 1}`
}

function indent(text) {
  return text.replace(/^/gm, '  ')
}

function add(groups, key, name) {
  groups.set(key, [...(groups.get(key) ?? []), name])
}

function some(names) {
  return names.length > 4 ? `${names.slice(0, 3).join('; ')}; and ${names.length - 3} more` : names.join('; ')
}

function sum(groups) {
  return [...groups.values()].reduce((total, names) => total + names.length, 0)
}

function seconds(begun) {
  return Math.round((performance.now() - begun) / 1000)
}
