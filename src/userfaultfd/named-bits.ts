/**
 * A mask of the kernel's, with names: a set of the names whose bit is on, and the whole as `bits`, so that what this version of the
 * library has no name for is not lost.
 *
 * ```ts
 * const allowed = uffd.register(address, length)
 * allowed.has('copy') // true
 * allowed.bits // 0x13cn
 * ```
 */
export class NamedBits<Name extends string> implements Iterable<Name> {
  readonly bits: bigint
  /** The bits without a name. */
  readonly unknown: bigint
  readonly #names: ReadonlySet<Name>

  constructor(table: Readonly<Record<string, bigint>>, bits: bigint) {
    const entries = Object.entries(table)
    this.bits = bits
    this.unknown = entries.reduce((rest, [, bit]) => rest & ~bit, bits)
    this.#names = new Set(entries.filter(([, bit]) => (bits & bit) !== 0n).map(([name]) => name.toLowerCase() as Name))
  }

  has(name: Name): boolean {
    return this.#names.has(name)
  }

  get size(): number {
    return this.#names.size
  }

  [Symbol.iterator](): Iterator<Name> {
    return this.#names.values()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const unknown = this.unknown === 0n ? [] : [`0x${this.unknown.toString(16)}`]
    return `[${[...this.#names, ...unknown].join(' ')}]`
  }
}
