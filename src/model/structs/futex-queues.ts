/** The waiters for words of memory, as `futex_queues`: by what holds the word (an inode, or a process's own memory) and where in it. */
export class FutexQueues {
  readonly #queues = new WeakMap<object, Map<number, Set<() => void>>>()

  /** Queues `wake` behind the others. Returns what takes it out. */
  add(holder: object, word: number, wake: () => void): () => void {
    const words = this.#queues.get(holder) ?? new Map<number, Set<() => void>>()
    this.#queues.set(holder, words)
    const queue = words.get(word) ?? new Set()
    words.set(word, queue)
    queue.add(wake)
    return () => {
      queue.delete(wake)
      if (queue.size === 0 && words.get(word) === queue) words.delete(word)
    }
  }

  /** Wakes the first `count` that wait for the word. Returns how many there were. */
  wake(holder: object, word: number, count: number): number {
    const waiting = [...(this.#queues.get(holder)?.get(word) ?? [])].slice(0, count)
    for (const wake of waiting) wake()
    return waiting.length
  }
}
