import { withoutSystemCall } from './without-system-call.js'

/** Compiles a command that forbids userfaultfd(2) to what it starts. */
export const withoutUserfaultfd = () => withoutSystemCall('SYS_userfaultfd', 1)
