// Every option of every public function: an unknown name, a value that is none, a getter that throws. The options are read from the list of
// exports, so that a new interface or a new member fails here until its function checks it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import * as vmarea from 'vmarea'
import { Machine } from 'vmarea/model'
import { root } from '../support/root.js'
import { temporaryFile } from '../support/temporary-folder.js'

type Options = Record<string, unknown>
type Call = (options: never) => unknown

const driver = pathToFileURL(temporaryFile('export default undefined'))
const device = await new Machine().spawn().openDevice(vmarea.defineDevice(() => ({ size: 8192, fault() {} })))

const shared = vmarea.mapMut({ length: 4096, shared: true })
const modelShared = new Machine().spawn().mapMut({ length: 4096, shared: true })

/** For each interface of options: the functions that take it, with the options that they can't do without. */
const calls: Record<string, { readonly least: Options; readonly calls: Record<string, Call> }> = {
  MmapOptions: {
    least: { length: 4096 },
    calls: {
      map: (options) => vmarea.map(options),
      mapMut: (options) => vmarea.mapMut(options),
      mapNone: (options) => vmarea.mapNone(options),
      reserveMut: (options) => vmarea.reserveMut(options),
      'map of the model': (options) => new Machine().spawn().map(options),
    },
  },
  MemoryFileOptions: { least: {}, calls: { memfd: (options) => vmarea.memfd('name', options) } },
  DeviceOptions: { least: {}, calls: { openDevice: (options) => vmarea.openDevice(driver, options) } },
  DeviceMapOptions: { least: {}, calls: { 'device.map': (options) => device.map(options) } },
  UserfaultfdOptions: { least: {}, calls: { userfaultfd: (options) => new Machine().spawn().userfaultfd(options) } },
  WaitOptions: {
    least: { timeout: 0 },
    calls: {
      wait: (options) => shared.wait(0, 0, options),
      waitAsync: (options) => shared.waitAsync(0, 0, options),
      'wait of the model': (options) => modelShared.waitAsync(0, 0, options),
    },
  },
  MachineOptions: { least: {}, calls: { 'new Machine': (options) => new Machine(options) } },
  SpawnOptions: { least: {}, calls: { spawn: (options) => new Machine().spawn(options) } },
}

/** Whose functions still pass over an unknown option. The list only gets shorter. */
const unchecked = [
  'BlocksOptions',
  'ConformanceOptions',
  'FileStoreOptions',
  'GuestsOptions',
  'HttpOptions',
  'InstallOptions',
  'MemoryStoreOptions',
  'PackOptions',
  'PageStoreConformanceOptions',
  'RedisStoreOptions',
  'ServeOptions',
  'StoreSourceOptions',
  'SwapOptions',
  'TieredStoreOptions',
  'WriteOptions',
]

/** The interfaces of options that the main entry and the model export, with the names of their members. */
function exportedOptions(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const text = readFileSync(join(root, 'test', 'house', 'exports.txt'), 'utf8')
  for (const [, name, members] of text.matchAll(/^(?:export )?interface (\w+Options)\b[^\n]*\{\n(.*?)^\}/gms)) {
    const names = [...members!.matchAll(/^ {4}(?:readonly )?(\w+)\??:/gm)].map(([, member]) => member!)
    found.set(name!, [...new Set([...(found.get(name!) ?? []), ...names])])
  }
  return found
}

/** The error of a call that throws or rejects; `undefined` where it does neither. */
async function errorOf(call: () => unknown): Promise<(Error & { code?: string }) | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error as Error
  }
}

const exported = exportedOptions()

test('no exported interface of options is forgotten', () => {
  const known = [...Object.keys(calls), ...unchecked].sort()
  assert.deepEqual([...exported.keys()].sort(), known)
})

for (const [name, { least, calls: takers }] of Object.entries(calls)) {
  for (const [title, call] of Object.entries(takers)) {
    describe(`the options of ${title}`, () => {
      test('name an unknown one, and the nearest that exists', async () => {
        const [member] = exported.get(name)!
        const error = await errorOf(() => call({ ...least, [`${member}x`]: 1 } as never))
        assert.equal(error?.code, 'ERR_VMAREA_INVALID_ARGUMENT', error?.message)
        assert.ok(
          error.message.includes(`'${member}x'`) && error.message.includes(`did you mean ${member}?`),
          error.message,
        )
        const strange = await errorOf(() => call({ ...least, zzzzzzzz: undefined } as never))
        assert.equal(strange?.code, 'ERR_VMAREA_INVALID_ARGUMENT')
        assert.match(strange.message, /no option 'zzzzzzzz': it has /)
      })

      for (const bad of [null, 7, 'name', true]) {
        test(`must be an object, and not ${JSON.stringify(bad)}`, async () => {
          const error = await errorOf(() => call(bad as never))
          assert.equal(error?.code, 'ERR_VMAREA_INVALID_ARGUMENT', error?.message)
          assert.ok(error.message.includes(typeof bad === 'string' ? `'${bad}'` : String(bad)), error.message)
        })
      }

      for (const member of exported.get(name) ?? []) {
        test(`read ${member} once, and name it when that throws`, async () => {
          const options = { ...least }
          Object.defineProperty(options, member, {
            enumerable: true,
            get() {
              throw new RangeError('not today')
            },
          })
          const error = await errorOf(() => call(options as never))
          assert.equal(error?.code, 'ERR_VMAREA_INVALID_ARGUMENT', error?.message)
          assert.match(error.message, new RegExp(`^${member} of .* can not be read: not today`))
          assert.ok(error.cause instanceof RangeError)
        })
        if (member === 'driver' || title === 'openDevice') continue
        test(`refuse a ${member} that is a symbol, with the name and the value`, async () => {
          const error = await errorOf(() => call({ ...least, [member]: Symbol('strange') } as never))
          assert.equal(error?.name, 'UsageError', `${member}: ${error?.message}`)
          assert.ok(error.message.includes(member), error.message)
          assert.ok(error.message.includes('Symbol(strange)'), error.message)
        })
      }
    })
  }
}

describe('a number among the options', () => {
  for (const [value, shown] of [
    ['4096', "'4096'"],
    [4096n, '4096n'],
    [Number.NaN, 'NaN'],
    [-1, '-1'],
    [1.5, '1.5'],
    [2 ** 60, String(2 ** 60)],
    [Infinity, 'Infinity'],
    [[], 'an array of 0'],
  ] as const) {
    test(`is refused with its type: ${shown}`, () => {
      for (const member of ['length', 'offset']) {
        const options = { file: process.execPath, length: 4096, [member]: value }
        assert.throws(
          () => vmarea.map(options as never),
          (error: Error) => {
            assert.ok(error instanceof vmarea.UsageError, String(error))
            assert.ok(error.message.includes(member) && error.message.includes(shown), error.message)
            return true
          },
        )
      }
    })
  }
})

test('a name where options belong leads to the right call', () => {
  assert.throws(() => vmarea.map('/etc/passwd' as never), /write \{ file: '\/etc\/passwd' \}/)
  assert.throws(() => vmarea.map({ path: '/etc/passwd' } as never), /did you mean file\?/)
  assert.throws(() => vmarea.Mm.of('1' as never), /is '1': write Mm.of\(1\)/)
})

test('bytes is the same array until the memory changes hands', () => {
  const memory = vmarea.mapMut({ length: 8192 })
  const bytes = memory.bytes
  assert.equal(memory.bytes, bytes)
  memory.resize(4096)
  assert.equal(bytes.length, 0)
  assert.equal(memory.bytes.length, 4096)
  const readOnly = memory.makeReadOnly()
  assert.equal(readOnly.bytes, readOnly.bytes)
  readOnly.unmap()
})

test('instanceof Userfaultfd is true of those it made, and false of all else', () => {
  for (const value of [{}, undefined, null, 1, vmarea.Userfaultfd])
    assert.equal(value instanceof vmarea.Userfaultfd, false)
  using userfaultfd = new Machine().spawn().userfaultfd()
  assert.ok(userfaultfd instanceof vmarea.Userfaultfd)
})
