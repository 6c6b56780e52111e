import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { mapMut, openSwap, pageSize, type Swap } from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { MAIN, run } from '../cli/run.js'
import { ordinaryUser, skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const timeout = 120_000
const page = pageSize()

async function withSwap(control: string, act: (swap: Swap) => void | Promise<void>): Promise<void> {
  const memory = mapMut({ length: 40 * page })
  for (let at = 0; at < 32; at++) memory.write(at * page, new Uint8Array([at + 1]))
  const swap = await openSwap(memory, { store: memoryStore(), control })
  try {
    await act(swap)
  } finally {
    await swap.exit()
    memory.unmap()
  }
}

interface CrosvmStatus {
  readonly state: string
  readonly metrics: { readonly resident_pages: number; readonly staging_pages: number; readonly swap_pages: number }
  readonly state_transition: { readonly pages: number; readonly time_ms: number }
}

// The command runs while this thread waits for it, so the thread that serves answers it.
function drive(command: string, path: string): CrosvmStatus {
  const { code, out, err } = run('swap', command, path)
  assert.deepEqual([code, err], [0, ''])
  return JSON.parse(out) as CrosvmStatus
}

test("vmarea swap gives the commands at the control socket and prints crosvm's JSON", { timeout }, async () => {
  const path = join(temporaryFolder, 'commands.sock')
  await withSwap(path, (swap) => {
    const { mode } = statSync(path)
    assert.equal(mode & 0o777, 0o600)
    assert.deepEqual(drive('status', path), {
      state: 'Ready',
      metrics: {
        resident_pages: 32,
        copied_from_file_pages: 0,
        copied_from_staging_pages: 0,
        zeroed_pages: 0,
        redundant_pages: 0,
        staging_pages: 0,
        swap_pages: 0,
      },
      state_transition: { pages: 0, time_ms: 0 },
    })
    const pending = drive('enable', path)
    assert.deepEqual([pending.state, pending.metrics.staging_pages], ['Pending', 32])
    assert.deepEqual([drive('trim', path).state, swap.state], ['Pending', 'pending'])
    const active = drive('out', path)
    assert.deepEqual([active.state, active.metrics.swap_pages], ['Active', 32])
    assert.equal(active.state_transition.pages, 32)
    assert.ok(Number.isInteger(active.state_transition.time_ms))
    const wrong = run('swap', 'trim', path)
    assert.equal(wrong.code, 1)
    assert.match(wrong.err, /'trim' can't be given in the state 'active': it can in pending/)
    const ready = drive('disable', path)
    assert.deepEqual([ready.state, ready.metrics.resident_pages, swap.state], ['Ready', 32, 'ready'])
  })
  assert.equal(existsSync(path), false)
})

test('vmarea swap says what is wrong with its arguments and the socket', { timeout }, async () => {
  const path = join(temporaryFolder, 'arguments.sock')
  await withSwap(path, () => {
    const cases: readonly (readonly [args: readonly string[], code: number, error: RegExp])[] = [
      [['status'], 2, /requires a command and the path/],
      [['status', path, path], 2, /requires a command and the path/],
      [['stats', path], 2, /no command "stats", did you mean status\?/],
      [['status', join(temporaryFolder, 'none.sock')], 1, /no program listens at .*none\.sock \(ENOENT\)/],
    ]
    for (const [args, code, error] of cases) {
      const result = run('swap', ...args)
      assert.deepEqual([result.code, result.out], [code, ''])
      assert.match(result.err, error)
    }
  })
})

test('the control socket refuses a line that is no command, and still answers the next', {
  timeout,
}, async () => {
  const path = join(temporaryFolder, 'lines.sock')
  await withSwap(path, async () => {
    const socket = connect(path)
    await once(socket, 'connect')
    const lines = createInterface(socket)[Symbol.asyncIterator]()
    const ask = async (text: string) => {
      socket.write(text)
      return JSON.parse((await lines.next()).value as string) as CrosvmStatus & {
        error?: { code: string; message: string }
      }
    }
    assert.match((await ask('status\n')).error!.message, /"status" is no JSON/)
    assert.match((await ask('null\n')).error!.message, /no command undefined/)
    assert.match((await ask('{"command":"exit"}\n')).error!.message, /no command "exit".*enable, trim, out/)
    socket.write('{"command":')
    assert.equal((await ask('"status"}\n')).state, 'Ready')
    const refused = await ask('x'.repeat(5000))
    assert.equal(refused.error!.code, 'ERR_VMAREA_BAD_MESSAGE')
    assert.equal((await lines.next()).done, true)
    assert.equal(drive('status', path).state, 'Ready')
  })
})

test('a control socket is not opened over another file, and replaces one that no process listens at', {
  timeout,
}, async () => {
  const memory = mapMut({ length: page })
  const open = (control: string) => openSwap(memory, { store: memoryStore(), control })
  const file = join(temporaryFolder, 'a file')
  writeFileSync(file, 'kept')
  await assert.rejects(open(file), { code: 'EADDRINUSE', message: /choose another path/ })
  assert.equal(statSync(file).size, 4)
  await assert.rejects(open(join(temporaryFolder, 'no folder', 'socket')), { code: 'ENOENT' })
  await assert.rejects(open('x'.repeat(200)), { code: 'ENAMETOOLONG', message: /at most 107/ })
  await assert.rejects(open(''), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  await assert.rejects(open(7 as never), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  const path = join(temporaryFolder, 'stale.sock')
  const program = `
    const { mapMut, openSwap } = await import('vmarea')
    const { memoryStore } = await import('vmarea/stores')
    await openSwap(mapMut({ length: ${page} }), { store: memoryStore(), control: ${JSON.stringify(path)} })`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  const swap = await open(path)
  assert.equal(drive('status', path).state, 'Ready')
  const other = mapMut({ length: page })
  await assert.rejects(openSwap(other, { store: memoryStore(), control: path }), { code: 'EADDRINUSE' })
  await swap.exit()
  assert.equal(existsSync(path), false)
  memory.unmap()
})

test('only the user of the program and root are answered', {
  skip: skipUnlessOrdinaryUser(),
  timeout,
}, async () => {
  const [setpriv, ...rights] = ordinaryUser
  const asOther = (path: string) =>
    spawnSync(setpriv!, [...rights, process.execPath, MAIN, 'swap', 'status', path], { encoding: 'utf8' })
  const path = join(temporaryFolder, 'other.sock')
  await withSwap(path, () => {
    const { status, stdout, stderr } = asOther(path)
    assert.deepEqual([status, stdout], [4, ''])
    assert.match(stderr, /EACCES/)
  })
  // An abstract name has no mode: the credentials of the other end decide.
  const name = `@vmarea-test-${process.pid}`
  await withSwap(name, () => {
    const { status, stdout, stderr } = asOther(name)
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /ended without an answer|ECONNRESET|EPIPE/)
    assert.equal(drive('status', name).state, 'Ready')
  })
})
