import { readFileSync } from 'node:fs'
import { expect } from './expect.js'
import type { Stop } from './stop.js'

export const readThroughTheView: Stop = {
  title: 'Read it as plain bytes',
  explanation: `mapping.bytes is an ordinary Uint8Array over those addresses. To go through it reads the file, without a copy in JavaScript's heap.`,
  show({ mapping, file }) {
    expect(mapping !== undefined, 'a mapping to read')
    const started = performance.now()
    const sum = mapping.access(sumOf)
    const mapped = performance.now() - started
    const before = performance.now()
    const copy = readFileSync(file)
    const copied = sumOf(copy)
    const read = performance.now() - before
    expect(sum === copied, `the sum through the view, ${sum}, to be the sum through fs, ${copied}`)
    return [
      `the sum of all bytes through mapping.bytes is ${sum.toLocaleString('en')}, in ${mapped.toFixed(0)} ms`,
      `the same through fs.readFileSync, in ${read.toFixed(0)} ms and ${(copy.length / 2 ** 20).toFixed(0)} MiB of heap that the view did without`,
    ]
  },
}

function sumOf(bytes: { readonly length: number; readonly [index: number]: number }): number {
  let sum = 0
  for (let index = 0; index < bytes.length; index++) sum += bytes[index]!
  return sum
}
