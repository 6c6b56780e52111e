import { ModelKernel } from './model/kernel/model-kernel.js'
import { checkInvariants } from './model/process/check-invariants.js'
import { newMm } from './model/process/new-mm.js'
import { Inode } from './model/structs/inode.js'
import { Machine, type MachineOptions } from './model/structs/machine.js'
import type { Capability, Limits } from './model/structs/mm.js'
import { ModelledProcess } from './modelled-process.js'
import { bytesRule } from './vocabulary/options/bytes-rule.js'
import { checkArgument } from './vocabulary/options/check-argument.js'
import { checkOptions, type OptionRules } from './vocabulary/options/check-options.js'
import { numberRule } from './vocabulary/options/number-rule.js'
import { textRule } from './vocabulary/options/text-rule.js'

const pathRule = textRule('the path of a file of the model')

/** The limits and capabilities of a modelled process. */
export interface SpawnOptions {
  /** `RLIMIT_*` in bytes: no limits by default, but for 8 MiB of locked memory and 8 MiB of stack. */
  readonly limits?: Partial<Limits>
  /** Its capabilities: all of them by default. */
  readonly capabilities?: Iterable<Capability>
}

const notNegative = numberRule('a number from 0 on', (value) => value >= 0)
const machineRules: OptionRules<MachineOptions> = {
  pageSize: numberRule('a power of two', (value) => value >= 1 && Number.isInteger(Math.log2(value))),
  memory: notNegative,
  overcommit: ['guess', 'always', 'never'],
  overcommitRatio: notNegative,
  maxMapCount: notNegative,
  mmapMinAddress: notNegative,
  protectionKeys: 'boolean',
  seed: numberRule('a whole number', Number.isSafeInteger),
}
const spawnRules: OptionRules<SpawnOptions> = {
  limits: { must: 'an object of limits in bytes', holds: (value) => typeof value === 'object' && value !== null },
  capabilities: {
    must: 'an iterable of capabilities',
    holds: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
  },
}

const everything: readonly Capability[] = [
  'CAP_IPC_LOCK',
  'CAP_SYS_ADMIN',
  'CAP_SYS_NICE',
  'CAP_SYS_PTRACE',
  'CAP_SYS_RAWIO',
]

/**
 * A modelled machine: its memory, its files and its processes, with Linux 6.18's rules for memory in TypeScript.
 *
 * The same calls with the same `seed` have the same results, on any platform, without any privilege.
 *
 * ```ts
 * const machine = new Machine({ memory: 1 << 30 })
 * const process = machine.spawn()
 * using memory = process.mapMut({ length: 4096 })
 * memory.write(0, new Uint8Array([1, 2, 3]))
 * ```
 */
export class ModelledMachine {
  readonly #machine: Machine
  readonly #kernels = new Set<ModelKernel>()

  /** A machine without processes. @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an option */
  constructor(options: MachineOptions = {}) {
    this.#machine = new Machine(checkOptions('new Machine()', options, machineRules))
  }

  /** The size of a page in bytes. */
  get pageSize(): number {
    return this.#machine.pageSize
  }

  /** Starts a process whose address space has a stack and nothing else. @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an option */
  spawn(options: SpawnOptions = {}): ModelledProcess {
    const { limits = {}, capabilities = everything } = checkOptions('spawn()', options, spawnRules)
    const all: Limits = {
      addressSpace: Infinity,
      data: Infinity,
      lockedMemory: 8 * 2 ** 20,
      stack: 8 * 2 ** 20,
      ...limits,
    }
    return this.#run(new ModelKernel(newMm(this.#machine, all, capabilities)))
  }

  /** Writes `bytes` to the start of a file, which is made where it does not exist. `map({ file })` of the machine's processes finds it. */
  writeFile(path: string, bytes: Uint8Array): void {
    checkArgument('writeFile()', 'path', path, pathRule)
    checkArgument('writeFile()', 'bytes', bytes, bytesRule)
    let inode = this.#machine.files.get(path)
    if (inode === undefined) {
      inode = new Inode(this.#machine, 'file', path, false)
      this.#machine.files.set(path, inode)
    }
    inode.size = Math.max(inode.size, bytes.length)
    const { pageSize } = this.#machine
    for (let at = 0; at < bytes.length; at += pageSize) {
      inode.page(at / pageSize).bytes.set(bytes.subarray(at, at + pageSize))
    }
  }

  /** The content of a file, or `undefined` where there is none. */
  readFile(path: string): Uint8Array | undefined {
    checkArgument('readFile()', 'path', path, pathRule)
    const inode = this.#machine.files.get(path)
    if (inode === undefined) return undefined
    const bytes = new Uint8Array(inode.size)
    const { pageSize } = this.#machine
    for (const [index, page] of inode.pages) {
      if (page.touched) bytes.set(page.bytes.subarray(0, bytes.length - index * pageSize), index * pageSize)
    }
    return bytes
  }

  /** Checks the invariants of the model and throws where one is broken. The time it takes grows with everything that the machine holds. */
  checkInvariants(): void {
    const alive = [...this.#kernels].filter((kernel) => kernel.mm.users > 0)
    checkInvariants(
      this.#machine,
      alive.map((kernel) => kernel.mm),
    )
  }

  #run(kernel: ModelKernel): ModelledProcess {
    for (const other of this.#kernels) if (other.mm.users === 0) this.#kernels.delete(other)
    this.#kernels.add(kernel)
    return new ModelledProcess(kernel, (child) => this.#run(child))
  }
}
