import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import type {
  GuestHost,
  KnownMemory,
  OnGuestFailure,
  RawGuest,
  RawGuestListener,
  ReadSource,
} from '../../kernel/guest-host.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { sharedResults } from '../addon/shared-results.js'
import { errnoOf } from './errno-of.js'
import { guestReports } from './guest-reports.js'
import { GuestSocket } from './guest-socket.js'
import { Keeper } from './keeper.js'
import { keepers } from './keepers.js'
import { takeOver } from './take-over.js'

const SEEK_DATA = 3
const SEEK_HOLE = 4
const { ENXIO, EIO } = ERRNO_RESULT

/** Guests of this process. */
export class LinuxGuestHost implements GuestHost {
  get pageSize(): number {
    return addon().pageSize
  }

  listen(path: string, mode: number): RawGuestListener {
    return new GuestSocket(path, mode)
  }

  takeOver(pid: number, memory: KnownMemory, onFailure: OnGuestFailure, log: number): RawGuest {
    return takeOver(pid, memory, onFailure, log)
  }

  hasKeepers(): boolean {
    return keepers().next().done !== true
  }

  openLog(path: string): number {
    return openSync(path, 'a', 0o600)
  }

  writeLog(descriptor: number, line: string): void {
    writeSync(descriptor, line)
  }

  closeLog(descriptor: number): void {
    closeSync(descriptor)
  }

  startOf(pid: number): number | undefined {
    try {
      // The name in parentheses may have anything in it.
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      // One that has ended and that its parent has not waited for yet is gone as well.
      return /^[ZXx]$/.test(fields[0]!) ? undefined : Number(fields[19])
    } catch {
      return undefined
    }
  }

  userOf(pid: number): number | undefined {
    return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid
  }

  startKeeper(): Promise<Keeper> {
    return Keeper.start()
  }

  mapFile(descriptor: number): { number: number; size: number } {
    const number = check(addon().guestMapFile(descriptor), 'mmap')
    return { number, size: sharedResults().results[0]! }
  }

  forgetFile(number: number): void {
    addon().guestForgetFile(number)
  }

  dataOf(descriptor: number, size: number): [start: number, end: number][] {
    const runs: [number, number][] = []
    for (let at = 0; at < size; ) {
      const start = addon().seekFile(descriptor, at, SEEK_DATA)
      if (start === ENXIO) break
      if (start < 0) return [[0, size]] // The file system knows of no holes.
      const end = Math.min(size, check(addon().seekFile(descriptor, start, SEEK_HOLE), 'lseek'))
      runs.push([start, end])
      at = end
    }
    return runs
  }

  openScript(read: ReadSource, largest: number, atOnce: number): number {
    guestReports.listen()
    const slots = addon().guestOpenScript(largest, atOnce)
    if (typeof slots === 'number') throw new VmError(slots, 'mmap')
    const number = sharedResults().results[0]!
    const answer = async (slot: number, offset: number, length: number, ahead: boolean) => {
      try {
        await read(offset, new Uint8Array(slots, slot * largest, length), ahead)
        addon().guestAnswerRead(number, slot, 0)
      } catch (error) {
        addon().guestAnswerRead(number, slot, errnoOf(error) ?? EIO)
      }
    }
    guestReports.addScript(number, (...read) => void answer(...read))
    return number
  }

  closeScript(number: number): void {
    guestReports.removeScript(number)
    addon().guestCloseScript(number)
  }
}
