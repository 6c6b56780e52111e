import type { RawFailedFault } from '../../kernel/raw-failed-fault.js'
import { addon } from '../../linux/addon/addon.js'
import type { FaultSourceAddress } from './fault-source-address.js'
import { GuardSource } from './guard-source.js'
import type { OpenedFaultSource } from './opened-fault-source.js'

/** The guard as a source of faults. It keeps no descriptor: the thread that serves makes the source itself. */
export class OpenedGuard implements OpenedFaultSource {
  readonly name = 'guard'
  readonly changesProtection = true

  give(): FaultSourceAddress {
    return { name: this.name, descriptor: -1 }
  }

  expectServer(expected: boolean, id: number): void {
    GuardSource.expectServer(id, expected)
  }

  /** The end of a source wakes its waiters. */
  wakeUnanswered(): void {}

  /** The access itself reports the failure. */
  takeFailed(): RawFailedFault[] {
    return []
  }

  isServed(address: number): boolean {
    return addon().guardIsServed(address) === 1
  }

  /** The guard poisons nothing. */
  takePoison(): void {}

  close(): void {}
}
