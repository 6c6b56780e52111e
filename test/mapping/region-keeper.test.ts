import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Process, thisProcess } from 'vmarea'
import { Machine } from 'vmarea/model'
import type { Region } from '#vmarea/kernel/region.js'
import type { RegionKeeper } from '#vmarea/kernel/region-keeper.js'

/** Writes down what it hears, in pages from where the region began. */
class Recorder implements RegionKeeper {
  readonly kind: string
  readonly heard: string[]
  readonly #name: string
  readonly #page: number
  refuses = false

  constructor(page: number, kind = 'recorder', name = 'first', heard: string[] = []) {
    this.kind = kind
    this.heard = heard
    this.#name = name
    this.#page = page
  }

  protecting(_region: Region, offset: number, length: number, protection: number, apply: () => void): void {
    if (this.refuses) throw new RangeError('refused')
    this.#hear(`protecting ${offset / this.#page}+${length / this.#page} to ${protection}`)
    apply()
  }

  absorbing(region: Region, next: Region, apply: () => void): void {
    if (this.refuses) throw new RangeError('refused')
    this.#hear(`absorbing ${next.length / this.#page} after ${region.length / this.#page}`)
    apply()
  }

  split(region: Region, rest: Region): void {
    this.#hear(`split ${region.length / this.#page}+${rest.length / this.#page}`)
    rest.keeper = new Recorder(this.#page, this.kind, 'second', this.heard)
  }

  resized(region: Region, oldLength: number): void {
    this.#hear(`resized ${oldLength / this.#page} to ${region.length / this.#page}`)
  }

  unmapped(region: Region, _start: bigint, length: number): void {
    this.#hear(`unmapped ${length / this.#page}, ${region.keeper === this ? 'a part' : 'all'}`)
  }

  restored(): void {
    this.#hear('restored')
  }

  #hear(what: string): void {
    this.heard.push(`${this.#name}: ${what}`)
  }
}

const kernels: readonly (readonly [name: string, make: () => Process])[] = [
  ['the running kernel', thisProcess],
  ['the model', () => new Machine().spawn()],
]

for (const [name, make] of kernels) {
  describe(`a keeper on ${name}`, () => {
    const process = make()
    const page = process.pageSize
    const regionOf = ({ start }: { start: bigint }): Region => process.kernel.regions.regionAt(start)!

    test('takes part in each change of a region that it was attached to', () => {
      const memory = process.mapMut({ length: 4 * page })
      const keeper = new Recorder(page)
      regionOf(memory).keeper = keeper
      const readable = memory.makeReadOnly()
      const rest = readable.splitOff(3 * page)
      rest.restore()
      readable.merge(rest)
      readable.resize(2 * page)
      readable.unmap()
      readable.unmap()
      assert.deepEqual(keeper.heard, [
        'first: protecting 0+4 to 1',
        'first: split 3+1',
        'second: restored',
        'first: absorbing 1 after 3',
        'first: resized 4 to 2',
        'first: unmapped 2, all',
      ])
    })

    test('hears of a part that goes, and stays attached', () => {
      using memory = process.reserveMut({ length: 4 * page })
      const keeper = new Recorder(page)
      regionOf(memory).keeper = keeper
      memory.commit(page, 2 * page)
      memory.decommit(page, page)
      assert.deepEqual(keeper.heard, ['first: protecting 1+2 to 3', 'first: unmapped 1, a part'])
      assert.equal(regionOf(memory).keeper, keeper)
    })

    test('may refuse a change: nothing has changed then', () => {
      using memory = process.mapMut({ length: 2 * page })
      const keeper = new Recorder(page)
      regionOf(memory).keeper = keeper
      using rest = memory.splitOff(page)
      keeper.refuses = true
      assert.throws(() => memory.makeReadOnly(), RangeError)
      memory.write(0, new Uint8Array([1]))
      assert.throws(() => memory.merge(rest), RangeError)
      assert.deepEqual([memory.size, rest.size], [page, page])
    })

    test('of one kind does not merge with one of another, nor with none', () => {
      using memory = process.mapMut({ length: 2 * page })
      using rest = memory.splitOff(page)
      regionOf(memory).keeper = new Recorder(page)
      for (const keeper of [undefined, new Recorder(page, 'another')]) {
        regionOf(rest).keeper = keeper
        assert.throws(() => memory.merge(rest), { code: 'ERR_VMAREA_BACKING_MISMATCH' })
      }
    })
  })
}
