// What a message says beside the kernel's error number: which of its many meanings it has here, and what to do.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Process, pageSize, thisProcess } from 'vmarea'
import { Machine } from 'vmarea/model'
import { runInChild, survives } from '../support/run-in-child.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { skipWithoutCompiler } from '../userfaultfd/skip.js'

const page = pageSize()

for (const [kernel, spawn] of [
  ['linux', () => thisProcess()],
  ['the model', () => new Machine().spawn()],
] as readonly (readonly [string, () => Process])[]) {
  describe(`on ${kernel}`, () => {
    test('EDEADLK says which guard this thread holds', () => {
      const process = spawn()
      using memory = process.mapMut({ length: page })
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      assert.equal(guard.vmaLookup(memory.start) === undefined, false)
      assert.throws(() => process.mapMut({ length: page }), {
        code: 'EDEADLK',
        message: /\(MmapReadGuard\).*: release it first/,
      })
      guard.release()
      process.mapMut({ length: page }).unmap()
    })

    test('EPERM of a sealed memory file names the seal', () => {
      const process = spawn()
      using file = process.memfd('sealed', { size: page, seals: ['shrink', 'grow'] })
      assert.throws(() => file.truncate(0), {
        code: 'EPERM',
        message: /sealed: 'shrink', has \d+ bytes and can't have 0/,
      })
      assert.throws(() => file.truncate(2 * page), { code: 'EPERM', message: /sealed: 'grow'/ })
    })

    test('lock of memory without access says that it has none', () => {
      using memory = spawn().mapNone({ length: page })
      assert.throws(() => memory.lock(), { code: 'ENOMEM', message: /allows no access/ })
    })

    test('a module that is named by no URL leads to the right one', async () => {
      const process = spawn()
      const opening = (name: string) => process.openDevice(name)
      const advice = (text: string) => ({ code: 'ERR_VMAREA_INVALID_ARGUMENT', message: new RegExp(text) })
      await assert.rejects(opening('./tape.mjs'), advice("new URL\\('./tape.mjs', import.meta.url\\)"))
      await assert.rejects(opening('vmarea/devices/http'), advice("import.meta.resolve\\('vmarea/devices/http'\\)"))
      using memory = process.mapMut({ length: page })
      await assert.rejects(
        process.openSwap(memory, { store: './tape.mjs' }),
        advice("new URL\\('./tape.mjs', import.meta.url\\)"),
      )
    })

    test('EIO of a hook carries what the driver threw', async () => {
      const source = `import { defineDevice } from '${import.meta.resolve('vmarea/device')}'
        export default defineDevice(() => ({ size: ${page}, fault() { throw new RangeError('the tape has torn') } }))`
      const device = await spawn().openDevice(`data:text/javascript,${encodeURIComponent(source)}`)
      using memory = device.map()
      await assert.rejects(memory.readAsync(0, new Uint8Array(1)), (fault: Error) => {
        assert.match(
          String((fault.cause as Error).message),
          /EIO: .*the fault hook of the driver threw: the tape has torn/,
        )
        return true
      })
      memory.unmap()
      await device.close()
    })
  })
}

test('write() works on memory whose writes the kernel lets through, with wp_async', (context) => {
  const process = thisProcess()
  let userfaultfd: ReturnType<Process['userfaultfd']>
  try {
    userfaultfd = process.userfaultfd({ features: ['wp_async', 'wp_unpopulated'] })
  } catch (error) {
    return context.skip(`userfaultfd with wp_async: ${(error as Error).message}`)
  }
  using memory = process.mapMut({ length: 2 * page })
  userfaultfd.register(memory.start, 2 * page, ['wp'])
  memory.write(0, new Uint8Array([1]))
  userfaultfd.writeProtect(memory.start, 2 * page, true)
  memory.write(0, new Uint8Array([2]))
  memory.write(page, new Uint8Array([3]))
  assert.deepEqual([memory.bytes[0], memory.bytes[page]], [2, 3])
  userfaultfd.close()
})

test('a Worker is not warned of descriptors that the package opens and closes', async () => {
  await survives(`
    const worker = startWorker(\`
      const warnings = []
      process.on('warning', ({ message }) => warnings.push(message))
      const file = memfd('worker', { size: page })
      mapMut({ file, shared: true }).unmap()
      file[Symbol.dispose]()
      map({ file: workerData }).unmap()
      const user = thisProcess().mm.mmgetNotZero()
      user.mmapReadLock().release()
      user.dispose?.()
      setTimeout(() => parentPort.postMessage(warnings), 1)\`, process.execPath)
    assert.deepEqual(await nextMessage(worker), [])`)
})

test('a process that may not make memory executable says why', { skip: skipWithoutCompiler() }, async () => {
  const deny = join(temporaryFolder, 'deny')
  const source = `
    #include <stdio.h>
    #include <sys/prctl.h>
    #include <unistd.h>
    int main(int count, char **arguments) {
      (void)count;
      if (prctl(65, 1, 0, 0, 0) != 0) return 100;
      execvp(arguments[1], arguments + 1);
      return 101;
    }`
  const compiled = spawnSync('cc', ['-x', 'c', '-', '-o', deny], { input: source, encoding: 'utf8' })
  assert.equal(compiled.status, 0, compiled.stderr)
  const { code, stdout, stderr } = await runInChild(
    `const memory = mapMut({ length: page })
    try { memory.makeExec() } catch ({ message }) { console.log(message) }`,
    { through: [deny], flags: ['--jitless', '--no-warnings'] },
  )
  if (code === 100) return // A kernel before 6.3 has no such rule.
  assert.match(stdout, /EACCES: .*PR_SET_MDWE is set/, stderr)
})
