/** Throws unless `actual` and `expected` are the same: values, or arrays of them. */
export function expect(actual: unknown, expected: unknown, what: string): void {
  const [is, shouldBe] = [describe(actual), describe(expected)]
  if (is !== shouldBe) throw new Error(`${what}: expected ${shouldBe}, and it is ${is}`)
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`
  if (value instanceof Uint8Array) return describe([...value])
  return typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value)
}
