import type { RawFailedFault } from '../../kernel/raw-failed-fault.js'
import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import { addon } from '../../linux/addon/addon.js'
import { check } from '../../linux/addon/check.js'
import type { FaultSourceAddress } from './fault-source-address.js'
import type { OpenedFaultSource } from './opened-fault-source.js'

/** A userfaultfd that the program keeps open while threads serve it. */
export class OpenedUserfaultfd implements OpenedFaultSource {
  readonly name: FaultSourceAddress['name']
  readonly changesProtection = false
  readonly #raw: RawUserfaultfd

  constructor(raw: RawUserfaultfd, name: FaultSourceAddress['name']) {
    this.#raw = raw
    this.name = name
  }

  give(): FaultSourceAddress {
    return { name: this.name, descriptor: this.#raw.clone().intoDescriptor() }
  }

  expectServer(expected: boolean): void {
    this.#raw.expectServer!(expected)
  }

  wakeUnanswered(pageSize: number): void {
    for (const { address } of this.#raw.unanswered!().read) {
      this.#raw.wake(Number(address) - (Number(address) % pageSize), pageSize)
    }
  }

  takeFailed(): RawFailedFault[] {
    return this.#raw.descriptor < 0 ? [] : this.#raw.takeFailed!()
  }

  isServed(): boolean {
    return false
  }

  takePoison(address: number): void {
    check(addon().uffdTakePoison(address), 'madvise', { address: BigInt(address) })
  }

  close(): void {
    this.#raw.close()
  }
}
