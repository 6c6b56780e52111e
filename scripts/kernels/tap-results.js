/** Reads the TAP of test files between the marks of run-files.sh: for each file the counts, and the names of failed and skipped tests. */
export class TapResults {
  /** @type {{ name: string, passed: number, failed: string[], skipped: { name: string, reason: string }[], code?: number }[]} */
  files = []
  #parents = []

  /** @param {string} line */
  add(line) {
    const mark = /^@@ (file|result) (.*)$/.exec(line)
    if (mark?.[1] === 'file') {
      this.files.push({ name: mark[2], passed: 0, failed: [], skipped: [] })
      this.#parents = []
      return
    }
    const file = this.files.at(-1)
    if (file === undefined || file.code !== undefined) return
    if (mark !== null) {
      file.code = Number(mark[2])
      if (file.code !== 0 && file.failed.length === 0) file.failed.push(endOf(file))
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
    if (directive?.startsWith('SKIP')) file.skipped.push({ name, reason: directive.slice('SKIP'.length).trim() })
    else if (test[2] === 'ok') file.passed += isSuite ? 0 : 1
    // A suite fails with its tests, which are reported themselves.
    else if (!file.failed.some((failed) => failed.startsWith(`${name} › `))) file.failed.push(name)
  }

  get failures() {
    return this.files.flatMap(({ name, failed }) => failed.map((title) => `${name}: ${title}`))
  }
}

function endOf({ code }) {
  return code === 137 ? '(did not end in time)' : `(ended with ${code} and named no test)`
}
