// A call as deep in the stack as any: it throws, and has changed nothing, or it is done.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Mmap, MmapMut, mapMut, pageSize, type ReservedMut, reserveMut, thisProcess } from 'vmarea'
import { survives } from '../support/run-in-child.js'

const page = pageSize()
const PAGES = 8
const MOST_FRAMES = 6000
const AROUND = 60

/** Calls it where so many frames are left on the stack, of a small kind. */
function withFrames(frames: number, call: () => void): void {
  let left: number | undefined
  const descend = () => {
    try {
      descend()
    } catch (error) {
      if (!(error instanceof RangeError) || left !== undefined) throw error
      left = frames
    }
    if (left !== undefined && left-- === 0) call()
  }
  descend()
}

/** What the library knows of the memory is what the kernel has. */
function check(mapping: MmapMut | ReservedMut): void {
  const { start, end, size } = mapping
  assert.equal(end - start, BigInt(size))
  const user = thisProcess().mm.mmgetNotZero()!
  let known = 0n
  {
    using guard = user.mmapReadLock()
    for (const area of guard.areas({ from: start, to: end })) {
      for (let at = start; at < end; at += BigInt(page)) if (at >= area.start && at < area.end) known += BigInt(page)
    }
  }
  assert.equal(known, BigInt(size))
  if (mapping instanceof MmapMut) mapping.read(0, new Uint8Array(size))
}

const filled = () => {
  const mapping = mapMut({ length: PAGES * page })
  mapping.write(0, new Uint8Array(PAGES * page).fill(1))
  return mapping
}

const operations: Record<string, () => { mapping: MmapMut | ReservedMut; call: () => unknown }> = {
  splitOff: () => {
    const mapping = filled()
    return { mapping, call: () => mapping.splitOff(3 * page) }
  },
  splitTo: () => {
    const mapping = filled()
    return { mapping, call: () => mapping.splitTo(3 * page) }
  },
  merge: () => {
    const mapping = filled()
    const tail = mapping.splitOff(3 * page)
    return { mapping, call: () => mapping.merge(tail) }
  },
  resize: () => {
    const mapping = filled()
    return { mapping, call: () => mapping.resize(3 * page) }
  },
  commit: () => {
    const mapping = reserveMut({ length: PAGES * page })
    return {
      mapping,
      call: () => {
        mapping.commit(0, page)
      },
    }
  },
}

describe('a call on a full stack changes nothing, or all', () => {
  for (const [name, begin] of Object.entries(operations)) {
    test(name, () => {
      let [thrown, done] = [0, 0]
      const isDone = (frames: number): boolean => {
        const { mapping, call } = begin()
        const before = mapping.size
        let error: unknown
        try {
          withFrames(frames, call)
          done++
        } catch (caught) {
          if (!(caught instanceof RangeError)) throw caught
          error = caught
          thrown++
          assert.equal(mapping.size, before)
        }
        check(mapping)
        mapping.unmap()
        return error === undefined
      }
      // The last frames that are missing are those of the last steps: as many depths around the border as steps have frames.
      let [few, enough] = [0, MOST_FRAMES]
      while (enough - few > 1) {
        const middle = Math.floor((few + enough) / 2)
        if (isDone(middle)) enough = middle
        else few = middle
      }
      for (let frames = Math.max(0, few - AROUND); frames < few + 4; frames++) isDone(frames)
      assert.ok(thrown > 0 && done > 0, `${thrown} thrown, ${done} done`)
    })
  }
})

test('a permission changes with its handle, or neither does', () => {
  let [thrown, done] = [0, 0]
  for (let frames = 0; frames < 900; frames += 3) {
    const mapping = filled()
    void mapping.bytes[0] // which has to be detached
    let made: Mmap | undefined
    try {
      withFrames(frames, () => {
        made = mapping.makeReadOnly()
      })
      done++
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      thrown++
    }
    const handle = made ?? mapping
    const user = thisProcess().mm.mmgetNotZero()!
    {
      using guard = user.mmapReadLock()
      assert.equal(guard.vmaLookup(handle.start)!.writable, made === undefined)
    }
    handle.unmap()
  }
  assert.ok(thrown > 0 && done > 0, `${thrown} thrown, ${done} done`)
})

describe('where ensureStack returns, the stack has the room, however the engine runs it', () => {
  const ways = {
    interpreted: ['--no-opt', '--no-sparkplug'],
    'compiled without optimization': ['--no-opt', '--always-sparkplug'],
    'compiled for the middle': ['--no-opt', '--maglev'],
    optimized: ['--no-concurrent-recompilation'],
  }
  for (const [name, flags] of Object.entries(ways)) {
    test(name, async () => {
      await survives(
        `
        const { ensureStack } = await import(library + 'vocabulary/errors/ensure-stack.js')
        for (let warm = 0; warm < 100_000; warm++) ensureStack()
        // In frames of one size: the interpreter's.
        const descend = (depth, room) => {
          deepest = depth
          try {
            ensureStack(room)
            last = depth
          } catch {}
          descend(depth + 1, room)
        }
        %NeverOptimizeFunction(descend)
        let [deepest, last] = [0, 0]
        for (const room of [10, 100]) {
          assert.throws(() => descend(0, room === 10 ? undefined : room), RangeError)
          const left = (1 - last / deepest) * 984
          assert.ok(left > 0.98 * room && left < 3 * room, left + ' KiB')
          console.log(room, left)
        }`,
        { compiled: true, flags: ['--stack-size=984', '--allow-natives-syntax', ...flags] },
      )
    })
  }
})
