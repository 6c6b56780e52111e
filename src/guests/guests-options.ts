import type { OnGuestFailure } from '../kernel/guest-host.js'

/** How guests are listened for. */
export interface GuestsOptions {
  /** The permissions of the socket's file. Who may write to it may connect. @defaultValue 0o600 */
  readonly mode?: number
  /** The users that a monitor may run as, looked at before its message is read. @defaultValue this process's own, and root */
  readonly uid?: number | readonly number[]
  /**
   * What becomes of a guest when this process stops serving it: at its end, or at `close`. `poison`: each access to what was
   * not served fails (SIGBUS). `kill`: its monitor is killed. `wait`: the access waits, for the process that takes the guest over.
   *
   * @defaultValue 'poison'
   */
  readonly onFailure?: OnGuestFailure
  /**
   * Starts a small process beside this one that holds the guests' userfaultfds, and applies `onFailure` when this one is killed: without it
   * pages read as zeros then, where the monitor kept no userfaultfd of its own. It ends with its guests.
   *
   * @defaultValue false
   */
  readonly keeper?: boolean
  /**
   * The path of a file that says what each guest is and which pages it gave back, so that another process can take the guests over when this
   * one has ended: see `takeOver`. Lines are added to it.
   */
  readonly state?: string
  /**
   * Takes over the guests that an earlier handler has left in `state` to wait, and whose monitors live: the iterator yields them like those
   * that connect. `onRefused` gets the error of each guest that can't be taken over: `EBUSY` where another handler serves it.
   *
   * @defaultValue false
   */
  readonly takeOver?: boolean
  /** Milliseconds a monitor that has connected may take for its message. @defaultValue 10_000 */
  readonly messageTimeout?: number
  /** Called with why a peer or its message was refused. Others go on. */
  readonly onRefused?: (error: unknown, peer: { readonly pid: number; readonly uid: number }) => void
}
