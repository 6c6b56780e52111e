// What older kernels can't do is done otherwise, or refused with the reason. A filter of system calls makes this kernel look older.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { release } from 'node:os'
import { test } from 'node:test'
import { MAIN } from '../cli/run.js'
import { driverUrl } from '../pager/support/driver-url.js'
import { beforeLinux } from '../support/before-linux.js'
import { noOlderKernel, olderKernel } from '../support/older-kernel.js'
import { patient } from '../support/patient.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'

const skip = noOlderKernel()
const through = olderKernel(5, 10)

test('populate touches pages where the kernel can not, and fails as the kernel would', { skip }, async () => {
  await survives(
    `
    const memory = mapMut({ length: 8 * page })
    await memory.populate(2 * page, 4 * page)
    assert.deepEqual([...memory.resident()], [0, 0, 1, 1, 1, 1, 0, 0])
    memory.advise('populate_write', 0, page)
    assert.equal(memory.resident(0, page)[0], 1)

    const none = mapNone({ length: 2 * page })
    await assert.rejects(none.populate(), { code: 'EINVAL' })
    assert.throws(() => none.advise('populate_read'), { code: 'EINVAL' })
    const readable = map({ length: 2 * page })
    await readable.populate()
    assert.throws(() => readable.advise('populate_write'), { code: 'EINVAL' })

    fs.writeFileSync(args[0], new Uint8Array(2 * page))
    const file = map({ file: args[0] })
    fs.truncateSync(args[0], page)
    await assert.rejects(file.populate(), { code: 'EFAULT' })`,
    { through, args: [temporaryFile()] },
  )
})

test('populate refuses an area of a device that is marked as I/O', { skip }, async () => {
  const driver = driverUrl(() => ({
    mmap(vma) {
      vma.changeFlags(0x4000n, 0n) // VM_IO
    },
    fault(fault) {
      fault.bytes.fill(7)
    },
  }))
  await survives(
    `
    const device = await vmarea.openDevice(args[0])
    const memory = device.map({ length: 4 * page })
    await assert.rejects(memory.populate(), { code: 'EINVAL' })
    assert.equal(memory.read(0, new Uint8Array(1))[0], 7)
    await device.close()`,
    { through, args: [driver] },
  )
})

test('an advice that the kernel does not know is refused with the kernel that brought it', { skip }, async () => {
  await survives(
    `
    const memory = mapMut({ length: 4 * page })
    assert.throws(() => memory.advise('guard_install'), { code: 'EINVAL', message: /does not know the advice.*6\\.13/ })
    assert.throws(() => memory.advise('collapse'), { code: 'EINVAL', message: /does not know the advice.*6\\.1$/ })
    memory.lock()
    assert.throws(
      () => {
        const guard = thisProcess().mm.mmgetNotZero().mmapReadLock()
        try {
          guard.vmaLookup(memory.start).zapPageRangeSingle(memory.start, page)
        } finally {
          guard.release()
        }
      },
      { code: 'EINVAL', message: /5\\.18/ },
    )`,
    { through },
  )
})

test('an advice that is wrong is not called unknown', { skip: beforeLinux('6.13', 'guard pages') }, async () => {
  await survives(`
    const memory = mapMut({ length: page, shared: true })
    assert.throws(
      () => thisProcess().kernel.calls.madvise(memory.start + 1n, page, 102),
      (error) => error.code === 'EINVAL' && !/know/.test(error.message),
    )`)
})

test('doctor advises no version that this kernel already has', { skip }, () => {
  const [command, ...words] = [...through, process.execPath, MAIN, 'doctor', '--json']
  const { status, stdout, stderr } = spawnSync(command!, words, { encoding: 'utf8', timeout: patient(120_000) })
  assert.equal(status, 0, stderr)
  const { capabilities } = JSON.parse(stdout) as {
    capabilities: { name: string; available: boolean; remedy?: string }[]
  }
  const lacking = capabilities.filter(({ available }) => !available)
  for (const name of ['PROCMAP_QUERY', 'PAGEMAP_SCAN', 'populate', 'guard pages', 'locked zap', 'mseal'])
    assert.ok(
      lacking.some((one) => one.name === name),
      `${name} is filtered`,
    )
  const [major, minor] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  for (const { name, remedy } of lacking) {
    const advised = /Linux (\d+)\.(\d+) or later/.exec(remedy ?? '')
    if (advised === null) continue
    const isNewer = Number(advised[1]) > major! || (Number(advised[1]) === major && Number(advised[2]) > minor!)
    assert.ok(isNewer, `${name}: ${remedy}`)
  }
})
