/** Throws unless `act` throws an error with these members. */
export function expectError(act: () => unknown, members: { readonly [name: string]: unknown }): void {
  let thrown: unknown
  try {
    act()
  } catch (error) {
    thrown = error
  }
  const wanted = Object.entries(members)
  const is = thrown instanceof Error && wanted.every(([name, value]) => Reflect.get(thrown, name) === value)
  if (is) return
  const shouldBe = wanted.map(([name, value]) => `${name} ${String(value)}`).join(', ')
  throw new Error(`expected an error with ${shouldBe}, and got ${thrown ?? 'none'}`, { cause: thrown })
}
