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

/** What User-mode Linux can't run: it has few addresses, no huge pages, and no page that is protected against writing. */
const NOT_IN_USER_MODE = [
  'linux/held-flags',
  'linux/huge-page-faults',
  'model/differential',
  'userfaultfd/copy-on-both',
]

/** What it runs beside the short list. */
const IN_USER_MODE = ['linux/older-kernel', 'linux/wrong-access']

/**
 * The test files to run, of all that there are.
 *
 * @param {readonly string[]} all names in test-dist
 * @param {readonly string[]} parts those whose names contain one of these; none of them means a choice by the speed of the machine
 * @param {'native' | 'emulated' | 'user-mode'} how the machine runs
 */
export function chosenFiles(all, parts, how) {
  if (parts.length > 0) return all.filter((name) => parts.some((part) => name.includes(part)))
  const among = (list) => all.filter((name) => list.some((part) => name.startsWith(`${part}.`)))
  if (how === 'emulated') return among(SHORT)
  if (how === 'user-mode') return among([...SHORT, ...IN_USER_MODE].filter((part) => !NOT_IN_USER_MODE.includes(part)))
  return all.filter((name) => !INDEPENDENT.test(name))
}
