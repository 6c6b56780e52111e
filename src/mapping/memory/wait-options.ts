/** How long `wait` and `waitAsync` wait. */
export interface WaitOptions {
  /** Milliseconds. `Infinity` if left out; 0 looks at the word and does not wait. */
  readonly timeout?: number
  /** Ends the wait: `waitAsync` rejects with its reason. `wait` looks at it before it sleeps, because nothing on its own thread can abort it then. */
  readonly signal?: AbortSignal
}
