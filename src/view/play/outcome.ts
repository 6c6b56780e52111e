/** What became of a call. */
export interface Outcome {
  /** `waits`: a thread waits for a userfaultfd. `wrong`: the line is no call. `unknown`: this kernel was not asked. */
  readonly kind: 'value' | 'done' | 'error' | 'signal' | 'waits' | 'wrong' | 'unknown'
  readonly text: string
  /** What the result's name stands for afterwards. */
  readonly value?: number
}
