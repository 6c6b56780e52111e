/** Tests that read the sources, or depend on neither the kernel, the processor nor the C library. */
const INDEPENDENT =
  /^(docs|house|options|package|paging|types|view)\/|^model\/(?!differential)|^conformance\/browser|^examples\//

/** Of each room that calls the kernel, the files that end within a minute at the processor's own speed. */
const NATIVE = [
  'cases/errors',
  'cases/kernel-lists',
  'conformance/linux',
  'device/driver-functions',
  'guests/dirty',
  'linux/held-flags',
  'linux/huge-page-faults',
  'linux/linux-address-space',
  'linux/older-kernel',
  'linux/proc/pagemap',
  'linux/signals',
  'linux/wrong-access',
  'mapping/behaviour',
  'mapping/faults',
  'mapping/states',
  'mm/flags',
  'mm/guards',
  'model/differential',
  'pager/guard-source',
  'pager/plain-memory',
  'pager/userfaultfd-queue',
  'pager/zap',
  'swap/ways/guard',
  'swap/ways/write-protect',
  'userfaultfd/copy-on-both',
  'userfaultfd/errno',
  'userfaultfd/poison',
  'userfaultfd/register',
]

/** What User-mode Linux can't run: it has few addresses, no huge pages, and no page that is protected against writing. */
const NOT_IN_USER_MODE = [
  'conformance/linux',
  'guests/dirty',
  'linux/held-flags',
  'linux/huge-page-faults',
  'model/differential',
  'swap/ways/write-protect',
  'userfaultfd/copy-on-both',
]

/**
 * The same rooms where each instruction is emulated: of a file that takes minutes there, the tests whose names match. Each new process costs
 * ten seconds, so tests that start children are few.
 */
const EMULATED = {
  'linux/huge-page-faults': 'without permission',
  'linux/linux-address-space': 'flags of each kind|advice that sets|and with a plain reading',
  'linux/proc/pagemap': 'random history|pages of a file|against writing',
  'mapping/faults': '',
  'mm/guards': 'a look-up under|guards nest|a zap',
  'pager/faults': 'asks the driver|as it is, also|first write',
  'pager/guard-source': 'past the end',
  'userfaultfd/events': 'its thread, its kind|the next has',
  'userfaultfd/register': '',
}

/** On the kernel of which the model is, and an emulated processor with protection keys: what depends on these. */
const WITH_KEYS = {
  'linux/held-flags': 'mlockall',
  'mapping/behaviour': '^pages$|populate',
  'model/differential': '',
  'model/protection-keys': '',
}

/**
 * The test files to run, of all that there are, each with a pattern of the names of its tests: '' for all of them.
 *
 * @param {readonly string[]} all names in test-dist
 * @param {object} choice
 * @param {string} choice.machine
 * @param {'native' | 'emulated' | 'user-mode'} choice.how the machine runs
 * @param {readonly string[]} choice.parts the files whose names contain one of these; none of them means the list for such a machine
 * @param {boolean} choice.whole instead of the list all that depends on the kernel, the processor or the C library
 * @returns {{ name: string, tests: string }[]}
 */
export function chosenFiles(all, { machine, how, parts, whole }) {
  const named = (names) => names.map((name) => ({ name, tests: '' }))
  if (parts.length > 0) return named(all.filter((name) => parts.some((part) => name.includes(part))))
  if (whole) return named(all.filter((name) => !INDEPENDENT.test(name)))
  const partOf = (name) => name.replace(/\.test\.js$/, '')
  if (how === 'emulated') {
    const tests = machine === '6.18' ? WITH_KEYS : EMULATED
    return all.filter((name) => partOf(name) in tests).map((name) => ({ name, tests: tests[partOf(name)] }))
  }
  const left = how === 'user-mode' ? NATIVE.filter((part) => !NOT_IN_USER_MODE.includes(part)) : NATIVE
  return named(all.filter((name) => left.includes(partOf(name))))
}
