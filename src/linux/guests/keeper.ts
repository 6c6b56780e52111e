import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RawGuest, RawKeeper } from '../../kernel/guest-host.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { sharedResults } from '../addon/shared-results.js'
import type { LinuxGuest } from './linux-guest.js'

/** The program beside the addon's binary, in a session of its own, so that signals to this one's group do not reach it. */
export class Keeper implements RawKeeper {
  readonly #socket: number

  private constructor(socket: number) {
    this.#socket = socket
  }

  static async start(): Promise<Keeper> {
    check(addon().keeperSockets(), 'socketpair')
    const [own, other] = [sharedResults().results[0]!, sharedResults().results[1]!]
    try {
      const path = join(addon().folder, 'vmarea-keeper')
      const child = spawn(path, { detached: true, stdio: ['ignore', 'ignore', 'ignore', other], cwd: '/' })
      await once(child, 'spawn')
      child.unref()
      return new Keeper(own)
    } catch (error) {
      closeDescriptor(own)
      throw error
    } finally {
      closeDescriptor(other)
    }
  }

  hold(guest: RawGuest): void {
    check(addon().guestGiveToKeeper((guest as LinuxGuest).number, this.#socket), 'sendmsg')
  }

  close(): void {
    closeDescriptor(this.#socket)
  }
}
