/** Throws unless what the tour is about to say is so. */
export function expect(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(`expected: ${sentence}`)
}
