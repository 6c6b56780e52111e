import { bytesOfChunk } from './bytes-of-chunk.js'

/** Splits a stream of bytes into blocks of one size; the last may be shorter. Each is a buffer of its own. */
export async function* blocksOf(source: AsyncIterable<Uint8Array>, blockSize: number): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(blockSize)
  let filled = 0
  for await (const given of source) {
    const chunk = bytesOfChunk(given)
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + blockSize - filled)
      block.set(part, filled)
      filled += part.length
      taken += part.length
      if (filled < blockSize) continue
      yield block
      block = new Uint8Array(blockSize)
      filled = 0
    }
  }
  if (filled > 0) yield block.subarray(0, filled)
}
