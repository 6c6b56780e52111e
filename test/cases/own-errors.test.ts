// EPERM, ENOMEM and EAGAIN of a driver or of a file are their own: no limit of the process and no `noReserve` is named for them.
import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { describe, test } from 'node:test'
import { map, mapMut, memfd, openDevice, pageSize, VmError } from 'vmarea'
import { Machine } from 'vmarea/model'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'
import { vmErrorOf } from '../support/vm-error-of.js'

const page = pageSize()
const ADVICE = /noReserve|overcommit|RLIMIT|limits\.|max_map_count|bytes of memory|right to this permission/

/** A driver whose hook throws these errors, one after the other. */
const driver = `data:text/javascript,${encodeURIComponent(`
  import { defineDevice } from '${import.meta.resolve('vmarea/device')}'
  import { VmError } from '${import.meta.resolve('vmarea')}'
  export default defineDevice(({ refusals, hook }) => {
    const refuse = () => { throw new VmError(...refusals.shift()) }
    return { size: 2 ** 46, mmap() { if (hook === 'mmap') refuse() }, fault() {}, writeback: refuse }
  })`)}`

const codes = ['EPERM', 'ENOMEM', 'EAGAIN', 'EACCES'] as const

for (const [kernel, open] of [
  ['linux', openDevice],
  ['model', (url: string, options?: object) => new Machine().spawn().openDevice(url, options)],
] as const) {
  describe(`on the kernel ${kernel}`, () => {
    test('a mmap hook that refuses is reported as it threw, whatever the length', async () => {
      const cases = codes.flatMap((code) =>
        ['ioctl', 'mmap'].flatMap((syscall) => [page, 2 ** 45].map((length) => ({ code, syscall, length }))),
      )
      const refusals = cases.map(({ code, syscall }) => [code, syscall])
      const device = await open(driver, { driver: { refusals, hook: 'mmap' } })
      for (const { code, syscall, length } of cases)
        assert.equal(vmErrorOf(() => device.map({ length })).message, new VmError(code, syscall).message)
      await device.close()
    })

    test('a writeback hook that fails is reported as it threw, however much is flushed', async () => {
      const refusals = [...codes, ...codes].map((code) => [code, 'msync'])
      const device = await open(driver, { driver: { refusals, hook: 'writeback' } })
      const mapping = device.map({ length: 2 ** 45, shared: true, protection: 'write' })
      mapping.write(0, new Uint8Array([1]))
      for (const code of codes)
        assert.equal(vmErrorOf(() => mapping.flushSync()).message, new VmError(code, 'msync').message)
      mapping.unmap()
      await assert.rejects(device.close())
    })
  })
}

test('a file that is too long for the free addresses is told so, and asks for no promise', () => {
  using file = memfd('long', { size: 2 ** 46 })
  const kept = []
  let error: VmError | undefined
  while (error === undefined) {
    try {
      kept.push(map({ file, shared: true }))
    } catch (thrown) {
      error = thrown as VmError
    }
  }
  for (const mapping of kept) mapping.unmap()
  assert.equal(error.code, 'ENOMEM')
  assert.match(error.message, /the longest free range of addresses has \d+ bytes$/)
})

test('a file on a file system without execution is refused with EPERM and no advice, however long it is', {
  skip: process.getuid!() !== 0 && 'mounting a file system needs root',
}, async () => {
  await survives(
    `
    const { execFileSync } = await import('node:child_process')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec', 'none', '/mnt'])
    fs.writeFileSync('/mnt/program', '')
    fs.truncateSync('/mnt/program', 2 ** 43)
    for (const length of [page, 2 ** 43])
      assert.throws(() => mapExec({ file: '/mnt/program', length }), (error) => {
        assert.equal(error.code, 'EPERM')
        assert.doesNotMatch(error.message, ${ADVICE})
        return true
      })`,
    { through: ['unshare', '--mount'] },
  )
})

test('a lock of memory past the end of a file names no limit where the process may lock without one', {
  skip: process.getuid!() !== 0 && 'CAP_IPC_LOCK is needed',
}, async () => {
  await survives(
    `
    const file = memfd('short', { size: page })
    const mapping = map({ file, length: 2 ** 26, shared: true })
    assert.throws(() => mapping.lock(), (error) => {
      assert.equal(error.code, 'ENOMEM')
      assert.match(error.message, /the file ends before it/)
      assert.doesNotMatch(error.message, ${ADVICE})
      return true
    })`,
    { through: ['prlimit', '--memlock=8388608'] },
  )
})

test('memory that is private and writable is told what the kernel promises', () => {
  const file = temporaryFile(1)
  truncateSync(file, 2 ** 43)
  for (const act of [
    () => mapMut({ length: 2 ** 43 }),
    () => mapMut({ file }),
    () => mapMut({ length: 2 ** 43, shared: true }),
  ]) {
    try {
      act().unmap()
    } catch (error) {
      assert.match((error as VmError).message, /overcommit_memory is|RLIMIT/)
    }
  }
  map({ file }).unmap()
})
