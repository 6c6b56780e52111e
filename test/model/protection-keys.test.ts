import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Machine } from '#vmarea/model.js'
import { thisProcess } from '#vmarea/this-process.js'
import { ARENA } from '../differential/arena.js'
import type { Call } from '../differential/call.js'
import { runCase } from '../differential/check.js'
import { describeRecord } from '../differential/describe.js'
import { KernelSide } from '../differential/kernel-side.js'
import { ModelSide } from '../differential/model-side.js'
import { whyNotComparable } from '../differential/why-not-comparable.js'

// Execute-only memory on both kinds of processor. With protection keys it has a key of its own, whose data nobody reads or writes: not
// the program (arch/x86/mm/fault.c, access_error), and not the kernel on its behalf (mm/gup.c, check_vma_flags, which asks
// arch_vma_access_permitted). Without keys, `x` is readable as far as the processor goes, and the kernel reads it by force.
// Each rule gives the result of the last call and the pages that are resident after it, with keys and without. The running kernel is one
// of the two kinds, and must agree with the model of its kind.

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PAGE = ARENA.PAGE
const start = ARENA.START
const [READ, WRITE, EXECUTE, SEM] = [1, 2, 4, 8]
const [PRIVATE, FIXED, ANON, LOCKED, POPULATE] = [2, 16, 32, 0x2000, 0x8000]
const [EFAULT, EINVAL, ENOMEM] = [-14, -22, -12]
/** SIGSEGV with SEGV_PKUERR and SEGV_ACCERR. */
const [PKUERR, ACCERR] = [-1180, -1178]

const map = (flags = 0, protection = EXECUTE): Call => [
  'mmap',
  start,
  2 * PAGE,
  protection,
  PRIVATE | ANON | FIXED | flags,
  6,
  0,
]
const protect = (protection: number): Call => ['mprotect', start, 2 * PAGE, protection]
const advise = (advice: number): Call => ['madvise', start, 2 * PAGE, advice]
const lock = (flags: number): Call => ['mlock2', start, 2 * PAGE, flags]
const [read, write, run]: readonly Call[] = [
  ['read', start],
  ['write', start, 0x90],
  ['execute', start],
]

type Outcome = readonly [result: number, resident: number]
const rules: Record<string, readonly [calls: readonly Call[], withKeys: Outcome, without: Outcome]> = {
  'a read is SEGV_PKUERR': [
    [map(), read!],
    [PKUERR, 0],
    [0, 1],
  ],
  'a write is SEGV_PKUERR, and without keys SEGV_ACCERR': [
    [map(), write!],
    [PKUERR, 0],
    [ACCERR, 0],
  ],
  'an instruction is fetched': [
    [map(0, READ | WRITE), write!, protect(EXECUTE), run!],
    [0, 1],
    [0, 1],
  ],
  'MAP_POPULATE finds nothing that it may touch (populate_vma_page_range)': [[map(POPULATE)], [start, 0], [start, 2]],
  'MAP_LOCKED locks nothing in': [[map(LOCKED)], [start, 0], [start, 2]],
  'mlock is ENOMEM, with the area locked (__mlock_posix_error_return)': [
    [map(), lock(0)],
    [ENOMEM, 0],
    [0, 2],
  ],
  'mlock on fault touches nothing on either': [
    [map(), lock(1)],
    [0, 0],
    [0, 0],
  ],
  'mlockall passes over it': [
    [map(), ['mlockall', 1]],
    [0, 0],
    [0, 2],
  ],
  'growing a locked area by mremap populates nothing': [
    [map(LOCKED), ['mremap', start, 2 * PAGE, 3 * PAGE, 0, 0]],
    [start, 0],
    [start, 3],
  ],
  'MADV_POPULATE_READ and _WRITE are EINVAL on either: neither asks by force': [
    [map(), advise(22), advise(23)],
    [EINVAL, 0],
    [EINVAL, 0],
  ],
  'a page that is there already is not readable for that': [
    [map(0, READ | WRITE), write!, protect(EXECUTE), read!],
    [PKUERR, 1],
    [0, 1],
  ],
  'protection that says more than PROT_EXEC has no key': [
    [map(POPULATE, EXECUTE | SEM), read!],
    [0, 2],
    [0, 2],
  ],
  'mprotect takes the key away with any other protection': [
    [map(), protect(READ), read!],
    [0, 1],
    [0, 1],
  ],
  'mprotect gives the key': [
    [map(0, READ), protect(EXECUTE), read!],
    [PKUERR, 0],
    [0, 1],
  ],
  'neighbours with and without the key do not merge': [
    [map(0, EXECUTE | SEM), ['mprotect', start, PAGE, EXECUTE], ['mremap', start, 2 * PAGE, 4 * PAGE, 1, 0]],
    [EFAULT, 0],
    [start, 0],
  ],
  'a child has the key too': [
    [map(), ['fork', 0], read!],
    [PKUERR, 0],
    [0, 1],
  ],
}

function outcome(calls: readonly Call[], protectionKeys: boolean): Outcome {
  const side = new ModelSide({ memory: 2 ** 32, protectionKeys })
  let record = new Uint8Array()
  for (const call of calls) {
    record = Uint8Array.from(side.run(call))
    side.check()
  }
  const resident = /resident (\S+)/.exec(describeRecord(record))![1]!
  return [Number(new DataView(record.buffer).getBigInt64(0, true)), resident.replaceAll(/[^1]/g, '').length]
}

const skip = whyNotComparable()
let kernel: KernelSide | undefined
before(() => {
  if (skip === false) kernel = new KernelSide(root)
})
after(() => kernel?.close())

for (const [name, [calls, withKeys, without]] of Object.entries(rules)) {
  test(`execute-only memory: ${name} (model with keys)`, () => {
    assert.deepEqual(outcome(calls, true), withKeys)
  })
  test(`execute-only memory: ${name} (model without keys)`, () => {
    assert.deepEqual(outcome(calls, false), without)
  })
  test(`execute-only memory: ${name} (kernel)`, { skip }, async () => {
    assert.equal(await runCase(kernel!, calls), undefined)
  })
}

test('a core dump has a hole where execute-only memory has a key (get_dump_page)', () => {
  for (const protectionKeys of [true, false]) {
    const process = new Machine({ protectionKeys }).spawn()
    using memory = process.mapMut({ length: PAGE })
    memory.write(0, new Uint8Array([1]))
    const { start } = memory
    const dumped = () => process.coreDump().find((area) => area.start === start)!
    assert.deepEqual([dumped().bytes, dumped().isHole], [PAGE, false])
    process.kernel.calls.mprotect(start, PAGE, EXECUTE)
    assert.deepEqual([dumped().bytes, dumped().isHole], [PAGE, protectionKeys])
  }
})

test('process_vm_readv does not read execute-only memory, whatever keys there are (check_vma_flags: VM_READ, without FOLL_FORCE)', () => {
  const modelled = [true, false].map((protectionKeys) => new Machine({ protectionKeys }).spawn())
  for (const process of [...modelled, thisProcess()]) {
    using memory = process.mapMut({ length: PAGE })
    memory.write(0, new Uint8Array([1]))
    using user = process.mm.mmgetNotZero()!
    const read = () => user.readMemory(memory.start, new Uint8Array(1))
    assert.equal(read(), 1)
    process.kernel.calls.mprotect(memory.start, PAGE, EXECUTE)
    assert.throws(read, { code: 'EFAULT' })
  }
})
