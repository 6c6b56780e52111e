import { closeSync, existsSync, readdirSync, statSync } from 'node:fs'
import { addon } from '../../linux/addon/addon.js'
import { LinuxAddressSpace } from '../../linux/areas/linux-address-space.js'
import { missingRight, openProcFile } from '../../linux/proc/open-proc-file.js'
import { canScanPagemap } from '../../linux/proc/pagemap.js'
import { procmapQuery } from '../../linux/proc/procmap-query.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { answerWords } from './answer-words.js'
import type { Capability } from './capability.js'
import { kernelFile } from './kernel-file.js'
import { newerKernel } from './newer-kernel.js'
import { holds } from './rights.js'

/** What is needed to look at memory. */
export function* seeing(): Generator<Capability> {
  yield attempt('PROCMAP_QUERY', 'one area by one call', query)
  yield smaps()
  yield attempt('PAGEMAP_SCAN', 'the states of pages, as runs', pageStates)
  yield attempt('soft-dirty marks', 'which pages were written since the marks were cleared', softDirty)
  yield deletedNames()
  yield attempt('process_vm_readv', "reading another process's memory", otherMemory)
  yield processAdvice()
  yield others()
}

/** A probe that may not even look. */
function attempt(name: string, purpose: string, probe: () => Capability): Capability {
  try {
    return probe()
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    return {
      name,
      available: false,
      purpose,
      found: `${error.syscall} ${error.path ?? ''}: ${error.code}`,
      remedy: missingRight('self'),
    }
  }
}

function query(): Capability {
  const maps = openProcFile('self', 'maps')
  const outcome = procmapQuery(maps, 0n, 0x10)
  closeSync(maps)
  const available = outcome !== 'unsupported'
  return {
    name: 'PROCMAP_QUERY',
    available,
    purpose: 'one area by one call',
    found: available ? 'works' : 'the kernel knows no such call',
    ...(available
      ? {}
      : {
          fallback: 'the whole of /proc/PID/maps is read for each look-up',
          remedy: newerKernel('6.11', 'a container that lets ioctl(2) on /proc/PID/maps pass'),
        }),
  }
}

function smaps(): Capability {
  const available = existsSync('/proc/self/smaps')
  return {
    name: 'smaps',
    available,
    purpose: 'the flags of an area, and what of it is in memory',
    found: available ? 'works' : 'there is no /proc/self/smaps',
    ...(available
      ? {}
      : { remedy: 'a kernel with CONFIG_PROC_PAGE_MONITOR, and a container that does not hide the file' }),
  }
}

function pageStates(): Capability {
  if (!existsSync('/proc/self/pagemap')) {
    return {
      name: 'PAGEMAP_SCAN',
      available: false,
      purpose: 'the states of pages, as runs',
      found: 'there is no /proc/self/pagemap',
      remedy: 'a kernel with CONFIG_PROC_PAGE_MONITOR, and a container that does not hide the file',
    }
  }
  const available = canScanPagemap()
  return {
    name: 'PAGEMAP_SCAN',
    available,
    purpose: 'the states of pages, as runs',
    found: available ? 'works' : 'the kernel knows no such call',
    ...(available
      ? {}
      : {
          fallback: 'pagemap is read page by page; huge pages and the page of zeros are not told apart',
          remedy: newerKernel('6.7', 'a container that lets ioctl(2) on /proc/PID/pagemap pass'),
        }),
  }
}

function softDirty(): Capability {
  const own = new LinuxAddressSpace('self')
  const available = (own.knownPageStates & PAGE_STATE.DIRTY) !== 0
  own.close()
  return {
    name: 'soft-dirty marks',
    available,
    purpose: 'which pages were written since the marks were cleared',
    found: available ? 'a page that was just written has the mark' : 'a page that was just written has no mark',
    ...(available
      ? {}
      : {
          fallback:
            'the state of a page says nothing about it; Userfaultfd.written with wp_async tells it of memory of this process',
          remedy: 'a kernel with CONFIG_MEM_SOFT_DIRTY',
        }),
  }
}

function deletedNames(): Capability {
  const folder = '/proc/self/map_files'
  let found = 'works'
  let available = false
  try {
    statSync(`${folder}/${readdirSync(folder)[0]}`)
    available = true
  } catch (error) {
    found = (error as NodeJS.ErrnoException).code ?? String(error)
  }
  return {
    name: 'map_files',
    available,
    purpose: 'whether a file was unlinked, for certain',
    found,
    ...(available
      ? {}
      : {
          fallback: "by its name: wrong only for a file whose own name ends in ' (deleted)' and is out of sight",
          remedy: 'CAP_CHECKPOINT_RESTORE',
        }),
  }
}

function otherMemory(): Capability {
  const own = new LinuxAddressSpace('self')
  const [first] = own.areas(0n, 1n << 63n)
  const answer = first === undefined ? -1 : addon().processVmReadv(process.pid, first.start, new Uint8Array(1))
  own.close()
  return {
    name: 'process_vm_readv',
    available: answer >= 0,
    purpose: "reading another process's memory",
    found: answerWords(answer),
    ...(answer >= 0 ? {} : { remedy: 'a container whose seccomp filter lets process_vm_readv(2) pass' }),
  }
}

function processAdvice(): Capability {
  const descriptor = addon().pidfdOpen(process.pid)
  const answer = descriptor < 0 ? descriptor : addon().processMadvise(descriptor, 0, 0, 20)
  if (descriptor >= 0) closeSync(descriptor)
  return {
    name: 'process_madvise',
    available: answer >= 0,
    purpose: 'advice on the memory of another process',
    found: answerWords(answer),
    ...(answer >= 0
      ? {}
      : { remedy: newerKernel('5.10', 'a container whose seccomp filter lets process_madvise(2) pass') }),
  }
}

function others(): Capability {
  const scope = kernelFile('/proc/sys/kernel/yama/ptrace_scope')
  const available = holds('CAP_SYS_PTRACE') || holds('CAP_PERFMON')
  return {
    name: 'other users',
    available,
    purpose: 'looking into processes of another user',
    found: `${available ? 'held' : 'not held'}: CAP_SYS_PTRACE or CAP_PERFMON${scope === undefined ? '' : `; kernel.yama.ptrace_scope is ${scope}`}`,
    ...(available
      ? {}
      : { remedy: 'run as root, or with CAP_SYS_PTRACE (CAP_PERFMON is enough to look, on newer kernels)' }),
  }
}
