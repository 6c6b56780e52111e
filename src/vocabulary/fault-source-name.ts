/**
 * How the faults of watched memory reach their server. `userfaultfd-user-mode-only` and `guard` can't catch a fault inside a system call: such
 * a call fails with `EFAULT`.
 */
export type FaultSourceName = 'userfaultfd' | 'userfaultfd-user-mode-only' | 'guard' | 'model'
