/**
 * A mask of the kernel with names: the set of the names whose bit is set. `bits` has the whole mask, so that a bit for which this version
 * of the library has no name is not lost.
 *
 * ```ts
 * const allowed = uffd.register(address, length)
 * allowed.has('copy') // true
 * allowed.bits // 0x13cn
 * ```
 */
export class NamedBits<Name extends string> implements Iterable<Name> {
  /** The whole mask, as the kernel gave it. */
  readonly bits: bigint
  /** The bits without a name. */
  readonly unknown: bigint
  readonly #names: ReadonlySet<Name>

  /** Names the bits of `bits` by `table`, whose keys are the names in capitals. */
  constructor(table: Readonly<Record<string, bigint>>, bits: bigint) {
    const entries = Object.entries(table)
    this.bits = bits
    this.unknown = entries.reduce((rest, [, bit]) => rest & ~bit, bits)
    this.#names = new Set(entries.filter(([, bit]) => (bits & bit) !== 0n).map(([name]) => name.toLowerCase() as Name))
  }

  /** Whether the bit of that name is set. */
  has(name: Name): boolean {
    return this.#names.has(name)
  }

  /** The number of names whose bit is set. */
  get size(): number {
    return this.#names.size
  }

  /** The names whose bit is set, in the order of the bits' table. */
  [Symbol.iterator](): Iterator<Name> {
    return this.#names.values()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const unknown = this.unknown === 0n ? [] : [`0x${this.unknown.toString(16)}`]
    return `[${[...this.#names, ...unknown].join(' ')}]`
  }
}
