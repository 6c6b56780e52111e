// Every option of every public function: an unknown name, a value of a wrong type, a strange number, a getter that throws, a missing one. The
// options are read from the list of exports, so that a new interface or a new member fails here until its function checks it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UsageError } from 'vmarea'
import * as vmarea from 'vmarea'
import { Machine } from 'vmarea/model'
import { showValue } from '#vmarea/vocabulary/options/show-value.js'
import { type ExportedOption, exportedOptions } from './exported-options.js'
import { callsWithOptionsInPlace, type Options, optionCalls } from './option-calls.js'

type Call = (options: never) => unknown

/** Values of a wrong type, by the type that an option is declared to have; a type that is not listed is tried with a symbol alone. */
const wrongByType: Readonly<Record<string, readonly unknown[]>> = {
  number: ['4096', 4096n, Number.NaN, [], {}, true, null],
  bigint: ['4096', 4096, 1.5, {}, null],
  boolean: ['true', 1, 0, {}, null],
  string: [7, {}, [], true, null],
  AbortSignal: [{}, 'signal', 1, null],
  choice: ['other', 1, {}, null],
}

/** Numbers that an option may take or refuse. */
const strangeNumbers = [-1, 1.5, 2 ** 60, Infinity, -Infinity, -0]

/** Values whose members have a wrong form: a function that destructures them throws a plain TypeError unless it checks them. */
const forms: readonly unknown[] = [
  [5],
  ['x'],
  [null],
  [undefined],
  [{}],
  [[]],
  [[5]],
  [[null, null]],
  [[Symbol('strange'), 4096]],
  [[0n, 4096n]],
  // Not ended by a bound check of its own.
  Object.assign([], { length: 1 }),
  {},
  { length: 1 },
  { 0: 1, length: 1 },
  { zzzzzzzz: 1 },
  Object.create(null),
  Object.freeze([Symbol('strange')]),
  new Map([[1, 2]]),
  new Proxy([], {}),
  () => {},
  Symbol('strange'),
]

const isChoice = (type: string) => /^'[^']*'( \| '[^']*')+$/.test(type)
const secrets = ['password']

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

for (const [name, { least, calls }] of Object.entries(optionCalls)) {
  for (const [title, call] of Object.entries(calls)) describeOptions(title, call, least, exported.get(name)!)
}
for (const { members, least, calls } of Object.values(callsWithOptionsInPlace)) {
  const options = Object.entries(members).map(([name, type]) => ({ name, type, optional: !(name in least) }))
  for (const [title, call] of Object.entries(calls)) describeOptions(title, call, least, options)
}

function describeOptions(title: string, call: Call, least: Options, members: readonly ExportedOption[]): void {
  async function refuses(options: unknown, message: RegExp, ...parts: string[]): Promise<UsageError> {
    const error = await errorOf(() => call(options as never))
    assert.equal(error?.code, 'ERR_VMAREA_INVALID_ARGUMENT', error?.message ?? 'no error')
    assert.match(error.message, message)
    for (const part of parts) assert.ok(error.message.includes(part), `${error.message} shows no ${part}`)
    return error as UsageError
  }

  describe(`the options of ${title}`, () => {
    test('name an unknown one, and the nearest that exists', async () => {
      const { name } = members[0]!
      await refuses({ ...least, [`${name}x`]: 1 }, /no option/, `'${name}x'`, `did you mean ${name}?`)
      await refuses({ ...least, zzzzzzzz: undefined }, /no option 'zzzzzzzz': it has /)
    })

    for (const bad of [null, 7, 'name', 4096n, () => {}]) {
      test(`must be an object, and not ${showValue(bad)}`, async () => {
        await refuses(bad, /must be an object/, showValue(bad))
      })
    }

    for (const { name, type, optional } of members) {
      test(`read ${name} once, and name it when that throws`, async () => {
        let reads = 0
        const options = Object.defineProperty({ ...least }, name, {
          enumerable: true,
          get() {
            reads++
            throw new RangeError('not today')
          },
        })
        const error = await refuses(options, new RegExp(`^${name} of .* can not be read: not today`))
        assert.ok(error.cause instanceof RangeError)
        assert.equal(reads, 1)
      })

      if (!optional) {
        test(`require ${name}`, async () => {
          const { [name]: _, ...rest } = least
          await refuses(rest, new RegExp(`requires the option ${name}`))
        })
      }
      if (name === 'driver' || name === 'storeOptions') continue
      const shown = (value: unknown) => (secrets.includes(name) ? `of type ${typeof value}` : showValue(value))
      const wrong = wrongByType[isChoice(type) ? 'choice' : type] ?? []
      test(`refuse a ${name} of another type, with its name and the value`, async () => {
        for (const value of [Symbol('strange'), ...wrong]) {
          const error = await errorOf(() => call({ ...least, [name]: value } as never))
          assert.equal(error?.name, 'UsageError', `${name}: ${showValue(value)}: ${error?.message}`)
          assert.ok(error.message.includes(name), error.message)
          assert.ok(error.message.includes(shown(value)), error.message)
        }
      })

      test(`take a value of any form as ${name}, or refuse it by an error of the package`, async () => {
        for (const value of forms) {
          const error = await errorOf(() => call({ ...least, [name]: value } as never))
          if (error === undefined || /^(UsageError|VmError)$/.test(error.name)) continue
          assert.fail(`${showValue(value)} ${JSON.stringify(value)} as ${name}: ${error.stack}`)
        }
      })

      if (type !== 'number') continue
      test(`take a strange number as ${name}, or refuse it with its name and the value`, async () => {
        const usual = await errorOf(() => call(least as never))
        for (const value of strangeNumbers) {
          const error = await errorOf(() => call({ ...least, [name]: value } as never))
          if (error?.name !== 'UsageError' || error.message === usual?.message) continue
          assert.ok(error.message.includes(name), error.message)
          assert.ok(error.message.includes(String(value)), error.message)
        }
      })
    }
  })
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
