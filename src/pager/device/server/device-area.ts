import type { AddressSpace } from '../../../kernel/address-space.js'
import type { Area } from '../../../kernel/area.js'
import type { RawPage } from '../../../kernel/raw-page.js'
import { hex } from '../../../vocabulary/hex.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import { VM } from '../../../vocabulary/vm.js'
import { VmError } from '../../../vocabulary/vm-error.js'

export interface DeviceAreaInit {
  readonly start: number
  readonly length: number
  readonly offset: number
  /** `PROT` */
  readonly protection: number
  /** `MAP` */
  readonly flags: number
}

/** The calls of an area to the pager that serves it. */
export interface DeviceAreaHost {
  readonly addressSpace: AddressSpace
  /** The inode of the device's own memory file. */
  readonly inode: bigint
  zap(address: bigint, size: number): void
  insertPage(address: bigint, page: RawPage): void
}

/** The raw `vm_area_struct` of a device's mapping, for its driver on the pager's thread. */
export class DeviceArea implements Area {
  readonly #host: DeviceAreaHost
  #start: number
  #end: number
  readonly offset: bigint
  readonly deviceMajor = 0
  readonly deviceMinor = 1
  readonly pathBytes: Uint8Array = new TextEncoder().encode('/memfd:vmarea-device (deleted)')
  #flags: bigint
  /** Whether its `mmap` hook is running: only then may its flags change. */
  hookRunning = false
  /** Whether it was unmapped, or its `mmap` hook failed. */
  gone = false

  constructor(host: DeviceAreaHost, { start, length, offset, protection, flags }: DeviceAreaInit) {
    this.#host = host
    this.#start = start
    this.#end = start + length
    this.offset = BigInt(offset)
    this.#flags = flagsOf(protection, flags)
  }

  get addressSpace(): AddressSpace {
    return this.#host.addressSpace
  }

  get start(): bigint {
    return BigInt(this.#live().#start)
  }

  get end(): bigint {
    return BigInt(this.#live().#end)
  }

  get flags(): bigint {
    return this.#live().#flags
  }

  get inode(): bigint {
    return this.#host.inode
  }

  get deleted(): boolean {
    return true
  }

  get readable(): boolean {
    return (this.flags & VM.READ) !== 0n
  }

  get writable(): boolean {
    return (this.flags & VM.WRITE) !== 0n
  }

  get executable(): boolean {
    return (this.flags & VM.EXEC) !== 0n
  }

  get shared(): boolean {
    return (this.flags & VM.MAYSHARE) !== 0n
  }

  changeFlags(set: bigint, clear: bigint): void {
    if (!this.hookRunning) {
      throw new UsageError('ERR_VMAREA_HOOK_RETURNED', 'the flags of an area change only while its mmap hook runs')
    }
    this.#flags = (this.#flags & ~clear) | set
  }

  zap(address: bigint, size: number): void {
    this.#live()
    this.#host.zap(address, size)
  }

  insertPage(address: bigint, page: RawPage): void {
    this.#live()
    if ((this.#flags & VM.MIXEDMAP) === 0n) {
      // The BUG_ONs of vm_insert_page.
      if (!this.hookRunning) throw bug('vm_insert_page sets VM_MIXEDMAP only while the mmap lock is held for writing')
      if ((this.#flags & VM.PFNMAP) !== 0n) throw bug('vm_insert_page requires an area without VM_PFNMAP')
      this.#flags |= VM.MIXEDMAP
    }
    if (address < this.start || address >= this.end) throw new VmError('EFAULT', 'vm_insert_page', { address })
    this.#host.insertPage(address, page)
  }

  /** The program has changed the protection. */
  protect(protection: number): void {
    this.#flags = (this.#flags & ~(VM.READ | VM.WRITE | VM.EXEC)) | rightsOf(protection)
  }

  /** The program has changed the length. */
  resize(start: number, length: number): void {
    this.#start = start
    this.#end = start + length
  }

  #live(): this {
    if (!this.gone) return this
    throw new UsageError('ERR_VMAREA_STALE', `the area at ${hex(BigInt(this.#start))} is gone`)
  }
}

/** The flags that `do_mmap` sets for a file that is open for reading and writing. */
function flagsOf(protection: number, flags: number): bigint {
  const shared = (flags & MAP.SHARED) !== 0 ? VM.SHARED | VM.MAYSHARE : 0n
  const reserved = (flags & MAP.NORESERVE) !== 0 ? VM.NORESERVE : 0n
  return rightsOf(protection) | VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC | shared | reserved
}

function rightsOf(protection: number): bigint {
  return (
    ((protection & PROT.READ) !== 0 ? VM.READ : 0n) |
    ((protection & PROT.WRITE) !== 0 ? VM.WRITE : 0n) |
    ((protection & PROT.EXEC) !== 0 ? VM.EXEC : 0n)
  )
}

function bug(rule: string): UsageError {
  return new UsageError('ERR_VMAREA_KERNEL_BUG', `${rule}: the kernel would stop with a BUG here`)
}
