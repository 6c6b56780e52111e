import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Monitor } from '../guests/monitor.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from './skip.js'

const skip = skipWithout('poison') || skipWithoutCompiler()
const skipHuge = skip || raiseHugePages(4)

/** Runs a handler in a process of its own: receives a userfaultfd, serves page 1 with sevens, then runs `source`. */
async function withHandler(
  source: string,
  options: readonly string[],
  look: (monitor: Monitor, ended: Promise<unknown>) => Promise<void>,
) {
  const path = join(temporaryFolder, `socket-${count++}`)
  const program = `
    import { Userfaultfd } from 'vmarea'
    const { userfaultfd: uffd, message, pid } = await Userfaultfd.receive(process.argv[1])
    const [{ base_host_virt_addr: start, size, page_size: page }] = JSON.parse(Buffer.from(message).toString())
    uffd.copy(start + page, page, new Uint8Array(page).fill(7))
    ${source}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, '--', path], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until('the handler listens', () => existsSync(path) || child.exitCode !== null)
    await using monitor = new Monitor(path, options)
    await monitor.ready
    await look(monitor, ended)
  } finally {
    child.kill('SIGKILL')
  }
}
let count = 0

const ends = {
  'close()': 'uffd.close()\nsetInterval(() => {}, 1000)',
  'process.exit()': 'process.exit(0)',
  'an uncaught error': "throw new Error('enough')",
  'an unhandled rejection': "Promise.reject(new Error('enough'))\nsetInterval(() => {}, 1000)",
  'its natural end': '',
}
for (const [name, source] of Object.entries(ends)) {
  test(`a handler that ends by ${name} leaves poison and no zeros, though it registered nothing`, {
    skip,
  }, async () => {
    await withHandler(source, ['regions=8,4', 'drop'], async (monitor, ended) => {
      // The sender kept no copy, so the last descriptor went with the handler.
      if (name !== 'close()') await ended
      assert.deepEqual(await monitor.check(2, 10), { good: 0, zero: 0, other: 0, poisoned: 10 })
      assert.deepEqual(
        await monitor.check(1, 1),
        { good: 0, zero: 0, other: 1, poisoned: 0 },
        'the page that was served',
      )
    })
  })
}

test('serve() on huge pages gives a page up once, and poisons all of it', { skip: skipHuge }, async () => {
  const source = `
    let errors = 0
    uffd.serve(() => { throw new Error('no such page') }, { onError() { if (++errors > 1) process.exit(9) } })
    setInterval(() => {}, 1000)`
  await withHandler(source, ['regions=2', 'huge', 'drop'], async (monitor) => {
    assert.deepEqual(await monitor.check(0, 1), { good: 0, zero: 0, other: 0, poisoned: 1 })
  })
})

test('serve() on huge pages wakes who waits for a page that was there already', { skip: skipHuge }, async () => {
  const source = `
    const page0 = new Uint8Array(page).fill(5)
    uffd.serve(() => {
      uffd.copy(start, page, page0, false) // nobody is woken by this one
      uffd.copy(start, page, page0)
    })
    setInterval(() => {}, 1000)`
  await withHandler(source, ['regions=2', 'huge', 'drop'], async (monitor) => {
    const both = await Promise.all([monitor.check(0, 1), monitor.ask('word', 0, 100_000)])
    assert.deepEqual(both[0], { good: 0, zero: 0, other: 1, poisoned: 0 })
  })
})
