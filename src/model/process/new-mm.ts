import { linkVma } from '../areas/link-vma.js'
import { newVma } from '../areas/new-vma.js'
import type { Machine } from '../structs/machine.js'
import { type Capability, type Limits, Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/** Pages of the stack that a program begins with: `setup_arg_pages` adds 128 KiB to what the arguments need. */
const stackPages = 33

/** The address space of a new program: a stack near the top, a gap for a heap, and the rest free. */
export function newMm(machine: Machine, limits: Limits, capabilities: Iterable<Capability>): Mm {
  const mm = new Mm(machine, limits, capabilities)
  const { pageSize, taskSize, stackGuardGap } = machine
  // Address space randomization, by the machine's seed: 22 bits for the stack, 28 for mmap, 13 for the heap.
  mm.stackTop = taskSize - machine.random(2 ** 22) * pageSize
  // mmap_base: below the range that the stack may grow into, which has at least 128 MiB.
  const room =
    Math.min(Math.max(Number.isFinite(limits.stack) ? limits.stack : 0, 2 ** 27), taskSize / 6) + stackGuardGap
  mm.mmapBase = taskSize - mm.roundUp(room) - 2 ** 22 * pageSize - machine.random(2 ** 28) * pageSize
  mm.startBreak = 0x5555_5555_5000 - (0x5555_5555_5000 % pageSize) + machine.random(2 ** 13) * pageSize
  mm.break = mm.startBreak
  const start = mm.stackTop - stackPages * pageSize
  const flags =
    VM_FLAG.READ |
    VM_FLAG.WRITE |
    VM_FLAG.MAYREAD |
    VM_FLAG.MAYWRITE |
    VM_FLAG.MAYEXEC |
    VM_FLAG.GROWSDOWN |
    VM_FLAG.ACCOUNT
  const stack = newVma(mm, start, mm.stackTop, start / pageSize, flags, undefined)
  linkVma(stack)
  mm.account(flags, stackPages)
  mm.charge(stackPages)
  return mm
}
