// Errors say what was wrong, and survive what programs do with them.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { MemoryFault, Mmap, map, mapMut, memfd, pageSize, UsageError, VmError } from 'vmarea'
import { ERRNO, type ErrnoName } from '#vmarea/vocabulary/errno.js'
import { root } from '../support/root.js'
import { runInChild } from '../support/run-in-child.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'

const page = pageSize()

function errorOf(act: () => unknown): Error & { code?: string } {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  assert.fail('it was no error')
}

// The case bigint-offset.
describe('a bigint where a number of bytes is asked for is refused by that name', () => {
  const memory = mapMut({ length: 4 * page })
  const file = temporaryFile(4 * page)
  const bytes = 4096n as unknown as number
  for (const [where, act] of Object.entries({
    'map offset': () => map({ file, offset: bytes }),
    'map length': () => map({ file, length: bytes }),
    'view offset': () => memory.view(bytes, 1),
    'view length': () => memory.view(0, bytes),
    'read offset': () => memory.read(bytes, new Uint8Array(1)),
    'lock length': () => memory.lock(0, bytes),
    resize: () => memory.resize(bytes),
    splitOff: () => memory.splitOff(bytes),
    'memfd size': () => memfd('size', { size: bytes }),
  })) {
    test(where, () => {
      const error = errorOf(act)
      assert.ok(error instanceof UsageError, String(error))
      assert.match(error.message, /4096n/)
    })
  }
})

// The case error-in-json.
test('an error with an address is written as JSON, with its code and message', () => {
  const written = (error: unknown) => JSON.parse(JSON.stringify({ error })).error
  const fault = errorOf(() =>
    map({ length: page }).access((bytes) => {
      ;(bytes as Uint8Array)[0] = 1
    }),
  )
  assert.ok(fault instanceof MemoryFault)
  const { code, message, address, offset } = written(fault)
  assert.deepEqual({ code, message, offset }, { code: fault.code, message: fault.message, offset: 0 })
  assert.equal(BigInt(address), fault.address)
  const refused = new VmError('ENOMEM', 'mmap', { address: 4096n, length: 7, cause: fault })
  assert.deepEqual(written(refused), {
    name: 'VmError',
    message: refused.message,
    code: 'ENOMEM',
    errno: -12,
    syscall: 'mmap',
    address: '0x1000',
    length: 7,
  })
})

// The case file-of-proc.
describe('a file that the kernel makes as it is read is told for what it is', () => {
  test('without a length it is not called empty, and no length is advised', () => {
    const { message } = errorOf(() => map({ file: '/proc/self/status' }))
    assert.match(message, /\/proc\/self\/status/)
    assert.doesNotMatch(message, /is empty|give a length/)
  })
  for (const file of ['/proc/self/status', '/proc/cpuinfo', '/sys/kernel/mm/transparent_hugepage/enabled']) {
    test(`with a length the error names ${file}`, {
      skip: !fs.existsSync(file) && 'there is no such file here',
    }, () => {
      const error = errorOf(() => map({ file, length: page }))
      assert.ok(error instanceof VmError)
      assert.ok(error.message.includes(`'${file}'`) && error.message.includes('file system'), error.message)
    })
  }
  test('an empty file is still called empty', () => {
    assert.match(errorOf(() => map({ file: temporaryFile() })).message, /is empty/)
  })
})

// The case name-that-is-no-utf8.
test('a name as a Buffer, and a URL that is no UTF-8, are refused with a hint on how to map such a file', () => {
  const name = Buffer.concat([Buffer.from(join(temporaryFolder, 'caf')), Buffer.from([0xe9])])
  fs.writeFileSync(name, 'latin')
  assert.match(errorOf(() => map({ file: name as unknown as string })).message, /a Buffer: .*openSync/)
  const url = new URL(`${pathToFileURL(temporaryFolder).href}/caf%E9`)
  const error = errorOf(() => map({ file: url }))
  assert.ok(error instanceof UsageError && error.message.includes('%E9'), String(error))
  const descriptor = fs.openSync(name, 'r')
  using mapping = map({ file: descriptor })
  fs.closeSync(descriptor)
  assert.ok(mapping instanceof Mmap)
  assert.equal(Buffer.from(mapping.bytes).toString(), 'latin')
})

test('a VmError can be made of every error number of Linux', () => {
  assert.equal(new VmError('ENOLINK', 'open').errno, -67)
  const names = Object.keys(ERRNO) as ErrnoName[]
  for (const name of names) {
    const error = new VmError(name, 'ioctl')
    assert.equal(new VmError(error.errno, 'ioctl').code, name)
    assert.doesNotMatch(error.message, /unknown error/)
  }
  assert.ok(names.length > 130, `${names.length} names`)
})

// The case permission-model.
test("Node's permission model is named where it refuses a file, and what it allows maps", async () => {
  const known = process.allowedNodeEnvironmentFlags.has('--permission')
  const allowed = temporaryFile('x')
  const { stdout, stderr } = await runInChild(
    `
    const say = (run) => { try { console.log(run().size) } catch (error) { console.log(error.name, error.code, error.message) } }
    say(() => map({ file: args[0] }))
    say(() => map({ file: args[1] }))
    say(() => mapMut({ file: args[0], shared: true }))
    `,
    {
      args: [allowed, '/etc/passwd'],
      flags: [
        known ? '--permission' : '--experimental-permission',
        '--allow-addons',
        `--allow-fs-read=${root}/*`,
        `--allow-fs-read=${allowed}`,
      ],
    },
  )
  const [inside, outside, writing] = stdout.trim().split('\n')
  assert.equal(inside, '1', stderr)
  assert.match(outside!, /^VmError EACCES .*--allow-fs-read/)
  assert.match(writing!, /^VmError EACCES .*--allow-fs-write/)
})
