// Every argument of every method of the exported classes: a value of a wrong type is refused by name, with the value and its type. The
// methods are read from the declarations, so that a new one fails here until it checks what it takes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { thisProcess } from 'vmarea'
import { Machine } from 'vmarea/model'
import { showValue } from '#vmarea/vocabulary/options/show-value.js'
import { exportedMethods, type Parameter } from './exported-methods.js'
import { apart, methodCalls, outcomeOf } from './method-calls.js'

const strange = [Symbol('strange'), {}, null, Object.create(null)]

/** Values of a wrong type, by the type of the parameter. */
const wrongByType: Readonly<Record<string, readonly unknown[]>> = {
  number: ['4096', 4096n, Number.NaN, true, [], ...strange],
  bigint: ['4096', 4096, -1n, 1n << 64n, true, ...strange],
  UffdAddress: ['4096', -1, -1n, 1n << 64n, 1.5, Number.NaN, true, ...strange],
  boolean: ['true', 1, 0, ...strange],
  string: [5, true, ...strange],
  Uint8Array: ['x', 5, [1], ...strange],
  ArrayBufferView: ['x', 5, [1], ...strange],
  T: ['x', 5, [1], ...strange],
  UffdMessages: ['x', 5, [1], ...strange],
}

/** Numbers that a method may take or refuse, but not by an error of the code within. */
const strangeNumbers = [-1, 1.5, 2 ** 60, Infinity, -Infinity]

const known = exportedMethods()
const isChecked = ({ type }: Parameter) => Object.hasOwn(wrongByType, type)

for (const [kernel, spawn] of [
  ['this process', () => thisProcess()],
  ['a modelled process', () => new Machine().spawn()],
] as const) {
  const calls = await methodCalls(spawn())

  describe(`the arguments of the methods of ${kernel}`, () => {
    for (const [name, parameters] of known) {
      const found = calls.get(name)
      if (found === undefined) continue
      const { call, usual } = found
      const errorOf = async (args: readonly unknown[]): Promise<(Error & { code?: string }) | undefined> => {
        try {
          await outcomeOf(call(...(args as never[])))
          return undefined
        } catch (error) {
          return error as Error
        }
      }
      for (const [place, parameter] of parameters.entries()) {
        if (!isChecked(parameter)) continue
        const wrong = [...wrongByType[parameter.type]!, ...(parameter.optional ? [] : [undefined])]
        test(`${name} refuses a wrong ${parameter.name}`, async () => {
          for (const value of wrong) {
            const args = usual.with(place, value)
            // What is left out may have a default that is made from what is wrong.
            const mayEnd = parameters.slice(place + 1).every(({ optional }) => optional)
            for (const given of mayEnd ? [args, args.slice(0, place + 1)] : [args]) {
              const error = await errorOf(given)
              assert.equal(error?.name, 'UsageError', `${showValue(value)}: ${error?.stack}`)
              assert.match(error.code!, /^ERR_VMAREA_(INVALID_ARGUMENT|OUT_OF_RANGE)$/, error.message)
              for (const part of [parameter.name, showValue(value)])
                assert.ok(error.message.includes(part), `no ${part} in: ${error.message}`)
            }
          }
        })

        // It waits as long as it is told to.
        if (parameter.type !== 'number' || parameter.name === 'timeout') continue
        test(`${name} takes a strange number as ${parameter.name}, or refuses it`, async () => {
          for (const value of strangeNumbers) {
            const error = await errorOf(usual.with(place, value))
            if (error === undefined || error.name === 'VmError') continue
            assert.equal(error.name, 'UsageError', `${value}: ${error.stack}`)
            assert.ok(error.message.includes(String(value)), `no ${value} in: ${error.message}`)
          }
        })
      }
    }
  })

  test(`each method of ${kernel} that takes a value is among the calls`, () => {
    const missing = [...known]
      .filter(([name, parameters]) => parameters.some(isChecked) && !apart.some((pattern) => pattern.test(name)))
      .map(([name]) => name)
      .filter((name) => !calls.has(name))
    const expected = [...calls.keys()].some((name) => name.startsWith('Userfaultfd.')) ? [] : /^Userfaultfd\./
    assert.deepEqual(
      missing.filter((name) => !(expected instanceof RegExp && expected.test(name))),
      [],
    )
    for (const name of calls.keys()) assert.ok(known.has(name), `${name} is no method`)
  })
}
