import type { WordWait } from '../../kernel/sharing/word-wait.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { FutexQueues } from '../structs/futex-queues.js'

/** What `setTimeout` can count: 25 days. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The pending waits of one process for words of its memory, which end when that goes. */
export class WordWaits {
  readonly #queues: FutexQueues
  readonly #pending = new Map<(error: Error) => void, bigint>()

  constructor(queues: FutexQueues) {
    this.#queues = queues
  }

  begin(address: bigint, holder: object, word: number, timeout: number): WordWait {
    let end = () => {}
    const result = new Promise<'ok' | 'timed-out'>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const over = () => {
        remove()
        clearTimeout(timer)
        this.#pending.delete(fail)
      }
      const fail = (error: Error) => {
        over()
        reject(error)
      }
      const remove = this.#queues.add(holder, word, () => {
        over()
        resolve('ok')
      })
      this.#pending.set(fail, address)
      end = () => fail(new VmError('ECANCELED', 'futex'))
      if (timeout > LONGEST_TIMER) return
      timer = setTimeout(() => {
        over()
        resolve('timed-out')
      }, timeout)
    })
    return { result, end }
  }

  /** Memory has gone: all from `start` on, or so many bytes. */
  endIn(start: bigint, length = Infinity): void {
    for (const [fail, address] of this.#pending) {
      if (address < start || Number(address - start) >= length) continue
      fail(new UsageError('ERR_VMAREA_UNMAPPED', 'the memory was unmapped or moved while a wait was pending'))
    }
  }
}
