import { constants } from 'node:os'
import type { GuestRegion, OnGuestFailure, RawGuest, RawPeer } from '../../kernel/guest-host.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { readable } from '../addon/readable.js'
import { linkOf } from '../proc/link-of.js'
import { adoptUserfaultfd } from '../userfaultfd/adopt-userfaultfd.js'
import { registerReceived } from '../userfaultfd/register-received.js'
import { LinuxGuest } from './linux-guest.js'

const { EAGAIN } = ERRNO_RESULT
/** The most parts of an unread message that are looked through for a userfaultfd. */
const MOST_PARTS = 16

/** A connection of a monitor, with what it has sent. */
export class GuestPeer implements RawPeer {
  readonly pid: number
  readonly uid: number
  readonly #path: string
  readonly #connection: number
  #descriptors: number[] = []
  /** A number that names this very process, as its pid may be another's later. */
  #pidfd: number
  #closed = false

  constructor(connection: number, path: string) {
    this.#connection = connection
    this.#path = path
    this.pid = Math.max(0, addon().socketPeer(connection))
    this.uid = addon().socketPeerUser(connection)
    this.#pidfd = addon().socketPeerProcess(connection)
  }

  get descriptors(): number {
    return this.#descriptors.length
  }

  async receive(signal: AbortSignal): Promise<Uint8Array> {
    const bytes = new Uint8Array(65536)
    for (;;) {
      signal.throwIfAborted()
      const count = this.#receiveNow(bytes)
      if (count === EAGAIN) {
        await readable(this.#connection, signal)
        continue
      }
      if (count < 0) throw new VmError(count, 'recvmsg', { path: this.#path })
      return bytes.slice(0, count)
    }
  }

  /** Takes the descriptors of what has come, and returns the number of its bytes, or a negative error number. */
  #receiveNow(bytes: Uint8Array): number {
    const places = new Int32Array(8)
    const count = addon().socketReceive(this.#connection, bytes, places)
    if (count > 0) this.#descriptors.push(...places.filter((descriptor) => descriptor >= 0))
    return count
  }

  open(regions: readonly GuestRegion[], onFailure: OnGuestFailure, log: number): RawGuest {
    const pidfd = check(this.#pidfd, 'pidfd_open')
    const userfaultfd = this.#takeUserfaultfd()
    if (userfaultfd === undefined) {
      throw new VmError('EINVAL', 'recvmsg', {
        path: this.#path,
        hint: `${this.descriptors} descriptors came, and none of them is a userfaultfd`,
      })
    }
    try {
      const guest = new LinuxGuest({ userfaultfd, pidfd, pid: this.pid, log }, regions, onFailure, () => this.#close())
      this.#pidfd = -1
      return guest
    } catch (error) {
      this.#descriptors.push(userfaultfd)
      throw error
    }
  }

  refuse(onFailure: OnGuestFailure): void {
    // What was sent and not received is closed with the connection: a userfaultfd in it would leave zeros.
    const unread = new Uint8Array(65536)
    for (let parts = 0; parts < MOST_PARTS && !this.#closed && this.#receiveNow(unread) > 0; parts++);
    const descriptor = this.#takeUserfaultfd()
    if (descriptor !== undefined) this.#leave(descriptor, onFailure)
    this.#close()
  }

  /** Closes a userfaultfd that this process will not serve. */
  #leave(descriptor: number, onFailure: OnGuestFailure): void {
    if (onFailure === 'kill' && this.#pidfd >= 0) addon().pidfdSignal(this.#pidfd, constants.signals.SIGKILL)
    try {
      const raw = adoptUserfaultfd(descriptor)
      // What is registered is not known from the message: the process's own areas tell.
      if (onFailure === 'wait' || !registerReceived(raw, this.pid)) raw.holdUntilRegistered()
      raw.close()
    } catch {
      closeDescriptor(descriptor) // Its UFFDIO_API was not called: nothing can be registered with it.
    }
  }

  #takeUserfaultfd(): number | undefined {
    const at = this.#descriptors.findIndex((descriptor) => linkOf(descriptor) === 'anon_inode:[userfaultfd]')
    return at < 0 ? undefined : this.#descriptors.splice(at, 1)[0]
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const descriptor of this.#descriptors.splice(0)) closeDescriptor(descriptor)
    if (this.#pidfd >= 0) closeDescriptor(this.#pidfd)
    closeDescriptor(this.#connection)
  }
}
