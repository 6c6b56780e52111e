import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { waitsInFault } from '#vmarea/linux/userfaultfd/waits-in-fault.js'
import { Monitor } from '../guests/monitor.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { root } from '../support/root.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from './skip.js'

const skip = skipWithout('poison') || skipWithoutCompiler()
const skipHuge = skip || raiseHugePages(4)

/** Runs a handler in a process of its own: receives a userfaultfd, serves page 1 with sevens, then runs `source`. */
async function withHandler(
  source: string,
  options: readonly string[],
  look: (monitor: Monitor, ended: Promise<unknown>, handler: ChildProcess) => Promise<void>,
  { receiveOptions = '{}', as = [] as readonly string[] } = {},
) {
  const path = `@vmarea-received-${process.pid}-${count++}`
  const program = `
    import { Userfaultfd } from 'vmarea'
    const { userfaultfd: uffd, message, pid } = await Userfaultfd.receive(process.argv[1], ${receiveOptions})
    const [{ base_host_virt_addr: start, size, page_size: page }] = JSON.parse(Buffer.from(message).toString())
    uffd.copy(start + page, page, new Uint8Array(page).fill(7))
    ${source}`
  const words = [...as, process.execPath, '--input-type=module', '--eval', program, '--', path]
  const child = spawn(words[0]!, words.slice(1), {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(
      'the handler listens',
      () => readFileSync('/proc/net/unix', 'latin1').includes(path) || child.exitCode !== null,
    )
    await using monitor = new Monitor(path, options)
    await monitor.ready
    await look(monitor, ended, child)
  } finally {
    child.kill('SIGKILL')
  }
}
let count = 0

async function someThreadWaits(pid: number): Promise<void> {
  await until('a thread of the monitor waits in a fault', () =>
    readdirSync(`/proc/${pid}/task`).some((thread) => waitsInFault(`/proc/${pid}/task/${thread}`)),
  )
}

const ends = {
  'close()': 'uffd.close()\nsetInterval(() => {}, 1000)',
  'process.exit()': 'process.exit(0)',
  'an uncaught error': "throw new Error('enough')",
  'an unhandled rejection': "Promise.reject(new Error('enough'))\nsetInterval(() => {}, 1000)",
  'its natural end': '',
}
for (const [name, source] of Object.entries(ends)) {
  test(`a handler that ends by ${name} leaves poison and no silent zeros, though it registered nothing`, {
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

// What docs/catching.md says of the ends that leave zeros, so that it stays true.
const zeros = {
  SIGTERM: "process.kill(process.pid, 'SIGTERM')\nsetInterval(() => {}, 1000)",
  SIGKILL: "process.kill(process.pid, 'SIGKILL')\nsetInterval(() => {}, 1000)",
}
for (const [name, source] of Object.entries(zeros)) {
  test(`a handler that ends by ${name} runs no code: what it did not serve reads as zeros where the sender kept no copy`, {
    skip,
  }, async () => {
    await withHandler(source, ['regions=4', 'drop'], async (monitor, ended) => {
      await ended
      assert.deepEqual(await monitor.check(2, 2), { good: 0, zero: 2, other: 0, poisoned: 0 })
    })
  })

  test(`a handler that ends by ${name}: where the sender kept a copy, a touch of a page waits`, { skip }, async () => {
    await withHandler(source, ['regions=4'], async (monitor, ended) => {
      await ended
      const answer = monitor.check(2, 1).catch(() => 'killed while it waited')
      await someThreadWaits(monitor.pid)
      await monitor.kill()
      assert.equal(await answer, 'killed while it waited')
    })
  })
}

test("with whenServerEnds 'wait', process.exit() poisons nothing", { skip }, async () => {
  await withHandler(
    'process.exit(0)',
    ['regions=4', 'drop'],
    async (monitor, ended) => {
      await ended
      assert.deepEqual(await monitor.check(2, 2), { good: 0, zero: 2, other: 0, poisoned: 0 })
    },
    { receiveOptions: "{ whenServerEnds: 'wait' }" },
  )
})

test('after close() of one whose ranges are not known, a touch of a page waits, and reads zeros when the process ends', {
  skip: skip || skipUnlessOrdinaryUser(),
}, async () => {
  // As an ordinary user, this one may not look into a monitor of another user.
  const source = "uffd.close()\nconsole.error('closed')\nsetInterval(() => {}, 1000)"
  await withHandler(
    source,
    ['regions=4', 'drop'],
    async (monitor, ended, child) => {
      const answer = monitor.check(2, 1)
      await someThreadWaits(monitor.pid)
      child.kill('SIGKILL')
      await ended
      assert.deepEqual(await answer, { good: 0, zero: 1, other: 0, poisoned: 0 })
    },
    { as: ordinaryUser },
  )
})

test('serve() on huge pages gives a page up once, and poisons all of it, where it woke the waiter to fault for ever', {
  skip: skipHuge,
}, async () => {
  // A second error ends the handler without a line of code, and the page reads as zeros.
  const source = `
    let errors = 0
    const onError = () => { if (++errors > 1) process.kill(process.pid, 'SIGKILL') }
    uffd.serve(() => { throw new Error('no such page') }, { onError })
    setInterval(() => {}, 1000)`
  await withHandler(source, ['regions=2', 'huge', 'drop'], async (monitor) => {
    assert.deepEqual(await monitor.check(0, 1), { good: 0, zero: 0, other: 0, poisoned: 1 })
  })
})

test('serve() on huge pages wakes the waiters of a page that was there already', { skip: skipHuge }, async () => {
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
