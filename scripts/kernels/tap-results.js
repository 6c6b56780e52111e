/**
 * @typedef {object} FileResults
 * @property {string} name
 * @property {string} tests the pattern of its tests' names, '' for all
 * @property {number} passed
 * @property {string[]} failed
 * @property {{ name: string, reason: string }[]} skipped
 * @property {number} [code] with which the file's process ended; absent while it runs
 * @property {number} [seconds]
 */

/** Reads the TAP of test files between the marks of run-files.sh: for each file the counts, and the names of failed and skipped tests. */
export class TapResults {
  /** @type {FileResults[]} */
  files = []
  /** @type {string[]} */
  unsteady = []
  #parents = []

  /** @param {string} line */
  add(line) {
    const begun = /^@@ file (\S+) ?(.*)$/.exec(line)
    if (begun !== null) {
      this.files.push({ name: begun[1], tests: begun[2], passed: 0, failed: [], skipped: [] })
      this.#parents = []
      return
    }
    const file = this.files.at(-1)
    if (file === undefined || file.code !== undefined) return
    const ended = /^@@ result (\d+) (\d+)$/.exec(line)
    if (ended !== null) {
      file.code = Number(ended[1])
      file.seconds = Number(ended[2])
      if (file.failed.length > 0) return
      if (file.code !== 0) file.failed.push(endOf(file))
      else if (file.passed + file.skipped.length === 0) file.failed.push('(ran no test)')
      return
    }
    const subtest = /^( *)# Subtest: (.*)$/.exec(line)
    if (subtest !== null) {
      this.#parents.length = subtest[1].length / 4
      this.#parents.push(subtest[2])
      return
    }
    const test = /^( *)(ok|not ok) \d+ - (.*)$/.exec(line)
    if (test === null) return
    const [title, directive] = test[3].split(/ # (?=SKIP|TODO|time)/)
    const depth = test[1].length / 4
    const name = [...this.#parents.slice(0, depth), title].join(' › ')
    const isSuite = this.#parents.length > depth + 1
    this.#parents.length = depth
    const reason = directive?.startsWith('SKIP') ? directive.slice('SKIP'.length).trim() : undefined
    // Node 20 reports tests that were not asked for.
    if (reason === 'test name does not match pattern') return
    if (reason !== undefined) file.skipped.push({ name, reason })
    else if (test[2] === 'ok') file.passed += isSuite ? 0 : 1
    // A suite fails with its tests, which are reported themselves.
    else if (!file.failed.some((failed) => failed.startsWith(`${name} › `))) file.failed.push(name)
  }

  /** A file's failures no longer count: it has passed since. */
  setUnsteady(file) {
    this.unsteady.push(file.name)
    file.failed = []
  }

  get failures() {
    return this.files.flatMap(({ name, failed }) => failed.map((title) => `${name}: ${title}`))
  }

  /** Why tests were skipped, each reason with the number of tests. */
  get reasons() {
    const counts = new Map()
    for (const { skipped } of this.files)
      for (const { reason } of skipped) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    return counts
  }
}

function endOf({ code }) {
  return code === 137 ? '(did not end in time)' : `(ended with ${code} and named no test)`
}
