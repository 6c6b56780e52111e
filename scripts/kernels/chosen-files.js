/** Tests that read the sources, or depend on neither the kernel, the processor nor the C library. */
const INDEPENDENT =
  /^(docs|house|options|package|paging|types|view)\/|^model\/(?!differential)|^conformance\/browser|^examples\//

/** Tests that depend on the kernel or the processor, and end within minutes where each instruction is emulated. */
const SHORT = [
  'cases/errors',
  'cases/kernel-lists',
  'linux/held-flags',
  'linux/huge-page-faults',
  'linux/linux-address-space',
  'linux/proc/pagemap',
  'linux/signals',
  'mapping/behaviour',
  'mapping/faults',
  'mapping/states',
  'mm/flags',
  'mm/guards',
  'model/differential',
  'pager/plain-memory',
  'pager/userfaultfd-queue',
  'pager/zap',
  'userfaultfd/copy-on-both',
  'userfaultfd/errno',
  'userfaultfd/poison',
  'userfaultfd/register',
]

/**
 * The test files to run, of all that there are.
 *
 * @param {readonly string[]} all names in test-dist
 * @param {readonly string[]} parts those whose names contain one of these; none of them means a choice by the speed of the machine
 * @param {boolean} emulated whether each instruction is emulated
 */
export function chosenFiles(all, parts, emulated) {
  if (parts.length > 0) return all.filter((name) => parts.some((part) => name.includes(part)))
  if (emulated) return all.filter((name) => SHORT.some((part) => name.startsWith(`${part}.`)))
  return all.filter((name) => !INDEPENDENT.test(name))
}
