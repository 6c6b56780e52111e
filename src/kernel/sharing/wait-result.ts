/**
 * How a wait for a word ended: `'ok'` when it was notified or has changed, `'not-equal'` when it had another value to begin with,
 * `'timed-out'` when the time was up.
 */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out'
