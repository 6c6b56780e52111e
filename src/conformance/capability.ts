/**
 * A capability of a kernel, which it declares:
 *
 * - `views`: memory is this process's own, so that `bytes` and `view` give it
 * - `other-processes`: `Mm.of` finds an address space by its process's number
 * - `locked-memory`: the process may lock a page: it has the right, and the limit allows it
 * - `userfaultfd`: faults can be caught, with the features `event_remove`, `event_unmap` and `poison`
 * - `write-protection`: of pages, through a userfaultfd
 * - `guard-pages`: `guard_install` and `guard_remove`
 * - `devices`: drivers can be loaded by the URL of their module, and serve memory
 */
export type ConformanceCapability =
  | 'views'
  | 'other-processes'
  | 'locked-memory'
  | 'userfaultfd'
  | 'write-protection'
  | 'guard-pages'
  | 'devices'
