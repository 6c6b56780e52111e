/** Shows the progress of some work on standard error: one line that is rewritten on a terminal, else a line every few seconds. */
export class Progress {
  #what
  #total
  #done = 0
  #started = performance.now()
  #printed = performance.now()
  #out = process.stderr

  constructor(what, total) {
    this.#what = what
    this.#total = total
    if (total > 0) this.#show()
  }

  step(detail = '') {
    this.#done++
    if (!this.#out.isTTY && performance.now() - this.#printed < 5000) return
    this.#show(detail)
  }

  /** Prints other text, and draws the line again after it. */
  print(text) {
    this.#clear()
    this.#out.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  end() {
    this.#clear()
    if (this.#total === 0) return
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1)
    this.#out.write(`${this.#what}: done in ${seconds} s\n`)
  }

  #show(detail = '') {
    this.#clear()
    this.#printed = performance.now()
    const line = `${this.#what}: ${this.#done} of ${this.#total}${detail === '' ? '' : ` (${detail})`}`
    this.#out.write(this.#out.isTTY ? line.slice(0, this.#out.columns - 1) : `${line}\n`)
  }

  #clear() {
    if (this.#out.isTTY) this.#out.write('\r\x1b[K')
  }
}
