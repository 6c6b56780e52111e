import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync } from 'node:fs'
import { test } from 'node:test'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { patient } from '../support/patient.js'
import { until } from '../support/until.js'
import { Forker } from './forker.js'
import { anonymous, kernel, page } from './memory.js'
import { peek } from './peek.js'
import { skipWithout, skipWithoutCompiler } from './skip.js'

const skip = skipWithout('event_fork', 'poison') || skipWithoutCompiler()

/** Serves until the signal aborts: the parent's pages are full of 11, its child's of 22. */
async function serve(
  uffd: Userfaultfd,
  byte: number,
  signal: AbortSignal,
  child: (uffd: Userfaultfd) => void,
): Promise<void> {
  try {
    for await (const event of uffd.events({ signal })) {
      if (event.kind === 'pagefault') uffd.copy(event.address, page, new Uint8Array(page).fill(byte))
      if (event.kind === 'fork') child(event.child)
    }
  } catch (error) {
    if (error !== signal.reason) throw error
  }
}

async function run(how: 'event' | 'plain', child: (uffd: Userfaultfd, signal: AbortSignal) => Promise<void>) {
  using forker = new Forker()
  const ended = new AbortController()
  const receiving = bindUserfaultfd(() => kernel).receive(forker.socketPath, {
    signal: AbortSignal.timeout(patient(60_000)),
  })
  const running = forker.run(how).finally(() => ended.abort())
  const { userfaultfd, message, descriptors, pid } = await receiving
  assert.equal(existsSync(forker.socketPath), false, 'listening leaves no file behind')
  assert.match(Buffer.from(message).toString(), /^\d+$/)
  assert.ok(pid > 0 && pid !== process.pid)
  assert.equal(descriptors.length, 1, 'the other descriptor that came along')
  for (const descriptor of descriptors) closeSync(descriptor)
  assert.equal(userfaultfd.features.has('event_fork'), how === 'event', 'the features are known')
  // What another registered is registered again, to make it known here.
  userfaultfd.register(BigInt(Buffer.from(message).toString()), 8 * page)
  const children: Promise<void>[] = []
  await serve(userfaultfd, 11, ended.signal, (one) => children.push(child(one, ended.signal)))
  await Promise.all(children)
  const result = await running
  userfaultfd.close({ missing: 'zero' })
  return { ...result, children: children.length }
}

test('a userfaultfd of another process, which forks: the child has one of its own', { skip }, async () => {
  const result = await run('event', (child, signal) =>
    serve(child, 22, signal, () => assert.fail('no grandchild')).finally(() => child.close({ missing: 'zero' })),
  )
  assert.deepEqual(result, { own: 11, child: 22, signal: 0, children: 1 })
})

test('without the event the child reads zeros, and nothing can be done about it', { skip }, async () => {
  assert.deepEqual(await run('plain', async () => {}), { own: 11, child: 0, signal: 0, children: 0 })
})

test("a child's userfaultfd that is closed unserved poisons the child's pages", { skip }, async () => {
  // The child is killed by SIGBUS, instead of reading zeros.
  const result = await run('event', async (child) => child.close())
  assert.deepEqual(result, { own: 11, child: -1, signal: 7, children: 1 })
})

test('a process that has ended: ESRCH, and ENOMEM for registering', { skip }, async () => {
  using forker = new Forker()
  const receiving = bindUserfaultfd(() => kernel).receive(forker.socketPath, {
    signal: AbortSignal.timeout(patient(60_000)),
  })
  const running = forker.run('dead')
  const { userfaultfd: uffd, message, descriptors } = await receiving
  for (const descriptor of descriptors) closeSync(descriptor) // its standard output, which does not end before
  await running
  const address = BigInt(Buffer.from(message).toString())
  const code = (call: () => unknown) => {
    try {
      call()
      return 'none'
    } catch (error) {
      assert.ok(error instanceof VmError)
      assert.match(error.message, /the process whose memory it is has ended/)
      return error.code
    }
  }
  // Who looks into the process as it ends keeps its memory for that moment.
  await until('the memory is gone', () => code(() => uffd.copy(address, page, new Uint8Array(page))) === 'ESRCH')
  assert.equal(
    code(() => uffd.zero(address, page)),
    'ESRCH',
  )
  assert.equal(
    code(() => uffd.poison(address, page)),
    'ESRCH',
  )
  assert.equal(
    code(() => uffd.register(address, page)),
    'ENOMEM',
  )
  assert.equal(
    code(() => uffd.unregister(address, page)),
    'ENOMEM',
  )
  assert.equal(uffd.wake(address, page), page, 'waking succeeds')
  assert.equal(uffd.readEvent(), undefined)
  uffd.close()
})

test('send: the sender keeps its handle, and its memory does not turn into zeros', { skip }, async () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(2)
  uffd.register(area.start, area.length)
  const path = `@vmarea-${randomUUID()}`
  const receiving = bindUserfaultfd(() => kernel).receive(path, {
    toEnd: true,
    signal: AbortSignal.timeout(patient(60_000)),
  })
  const text = 'x'.repeat(200_000)
  await uffd.send(path, { message: text })
  const { userfaultfd: other, message, pid } = await receiving
  assert.equal(Buffer.from(message).toString(), text)
  assert.equal(pid, process.pid)
  assert.equal(other.copy(area.start, page, new Uint8Array(page).fill(9)), page)
  uffd.close()
  other.close()
  assert.deepEqual([...peek(area.start)], [9])
  // Another process may serve it yet: it is held, and neither poisoned nor zero.
  using taken = bindUserfaultfd(() => kernel).create()
  assert.throws(() => taken.register(area.start, area.length), { code: 'EBUSY' })
  await assert.rejects(uffd.send(path), { code: 'EBADF' })
  area.unmap()
})

test('receive: no userfaultfd, no listener, an abort, a path too long', { skip }, async () => {
  using forker = new Forker()
  const path = forker.socketPath
  await assert.rejects(bindUserfaultfd(() => kernel).receive(path, { connect: true }), {
    code: 'ENOENT',
    syscall: 'connect',
  })
  await assert.rejects(bindUserfaultfd(() => kernel).receive('x'.repeat(200)), { code: 'ENAMETOOLONG' })
  const reason = new Error('enough')
  const controller = new AbortController()
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(bindUserfaultfd(() => kernel).receive(path, { signal: controller.signal }), reason)
  assert.equal(existsSync(path), false)
  const receiving = bindUserfaultfd(() => kernel).receive(path, { signal: AbortSignal.timeout(patient(60_000)) })
  const { connect } = await import('node:net')
  connect(path).end('hello')
  await assert.rejects(receiving, /5 bytes and 0 descriptors came, and no userfaultfd/)
})
