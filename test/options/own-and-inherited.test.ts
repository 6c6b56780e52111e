import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOptions } from '#vmarea/vocabulary/options/check-options.js'
import { optionBits } from '#vmarea/vocabulary/options/option-bits.js'

interface Options {
  readonly wake?: boolean | undefined
  readonly foreign?: boolean | undefined
}

/** Options as programs have them that are no object literal. */
class Defaults {
  readonly own = undefined
  get foreign(): boolean {
    return true
  }
}
class OfNoOwn {
  get foreign(): boolean {
    return true
  }
}

test('what an object inherits are options as what it has itself', () => {
  const bits = { wake: 1, foreign: 2 }
  const inherited: readonly Options[] = [
    new OfNoOwn(),
    Object.create({ foreign: true }) as Options,
    Object.assign(Object.create(null) as object, { foreign: true }),
  ]
  for (const options of inherited) {
    assert.equal(optionBits<Options>('f()', options, bits), 2)
    assert.equal(checkOptions<Options>('f()', options, { wake: 'boolean', foreign: 'boolean' }).foreign, true)
  }
  for (const [options, expected] of [
    [{}, 0],
    [{ wake: true, foreign: false }, 0],
    [{ wake: false }, 1],
    [{ wake: false, foreign: true }, 3],
    [{ wake: undefined, foreign: undefined }, 0],
  ] as const) {
    assert.equal(optionBits<Options>('f()', options, bits), expected, JSON.stringify(options))
  }
  for (const options of [new Defaults(), JSON.parse('{ "__proto__": true }'), { toString: true }] as Options[]) {
    assert.throws(() => optionBits('f()', options, bits), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  }
})
