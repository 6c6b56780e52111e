import { hex } from '../../vocabulary/hex.js'
import type { Machine } from '../structs/machine.js'
import { Mm } from '../structs/mm.js'
import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/**
 * Checks the invariants of the address spaces of one machine and throws at the first that is broken: the order of the trees, no overlap,
 * the sums of the accounting, and for each page a reference count that equals the number of its users.
 *
 * `all` must be every address space of the machine.
 */
export function checkInvariants(machine: Machine, all: readonly Mm[]): void {
  const references = new Map<Page, number>()
  let committed = machine.strayCommitted
  const inodes = new Set<{ readonly charged: number; readonly pages: ReadonlyMap<number, Page> }>(
    machine.files.values(),
  )
  for (const mm of all) {
    checkTree(mm)
    checkSums(mm)
    for (const vma of mm.tree) {
      if (vma.flags & VM_FLAG.ACCOUNT) committed += (vma.end - vma.start) / mm.pageSize
      if (vma.file === undefined) continue
      inodes.add(vma.file.inode)
      expect(vma.file.inode.mappings.has(vma), `the file of ${hex(vma.start)} does not list it`)
    }
    let anonymous = 0
    let file = 0
    mm.tables.visit(0, machine.taskSize / mm.pageSize, (number, table, index) => {
      const bits = table.bits[index]!
      const page = table.pages[index]
      expect(
        ((bits & PTE.PRESENT) !== 0) === (page !== undefined),
        `entry ${hex(number)} has bits ${bits} and its page not`,
      )
      const vma = mm.tree.lookup(number * mm.pageSize)
      expect(vma !== undefined, `entry ${hex(number * mm.pageSize)} is in no VMA`)
      if (page === undefined || bits & PTE.UNCOUNTED) return
      references.set(page, (references.get(page) ?? 0) + 1)
      if (page.kind === 'anonymous') {
        anonymous++
        expect(vma!.anonVma !== undefined, `private page ${hex(number * mm.pageSize)} without an anon_vma`)
        expect(!(bits & PTE.WRITE) || page.references === 1, `writable page ${hex(number * mm.pageSize)} is shared`)
      } else {
        file++
      }
    })
    expect(anonymous === mm.anonymousPages, `${mm.anonymousPages} anonymous pages counted, ${anonymous} found`)
    expect(file === mm.filePages, `${mm.filePages} file pages counted, ${file} found`)
  }
  for (const inode of inodes) {
    committed += inode.charged
    for (const page of inode.pages.values()) references.set(page, (references.get(page) ?? 0) + 1)
  }
  for (const [page, mapped] of references) {
    // A driver's page has a reference of the driver until the driver disposes of it.
    const count = page.kind === 'driver' && !page.orphaned ? mapped + 1 : mapped
    expect(
      page.references === count,
      `a ${page.kind} page with ${page.references} references is referred to ${count} times`,
    )
  }
  expect(machine.committed === committed, `${machine.committed} pages committed, ${committed} found`)
}

function checkTree(mm: Mm): void {
  let last = 0
  let count = 0
  for (const vma of mm.tree) {
    count++
    const where = `${hex(vma.start)}-${hex(vma.end)}`
    expect(vma.start >= last && vma.end > vma.start, `VMA ${where} is out of order`)
    expect(vma.start % mm.pageSize === 0 && vma.end % mm.pageSize === 0, `VMA ${where} is not of whole pages`)
    expect(vma.mm === mm, `VMA ${where} belongs elsewhere`)
    expect((vma.uffd !== undefined) === ((vma.flags & VM_FLAG.UFFD) !== 0), `VMA ${where} has half a userfaultfd`)
    expect(vma.uffd === undefined || vma.uffd.mm === mm, `VMA ${where} has a userfaultfd of elsewhere`)
    expect((vma.anonVma === undefined) === (vma.chain === 0), `VMA ${where} has half an anon_vma`)
    last = vma.end
  }
  expect(count === mm.tree.size, `${mm.tree.size} VMAs counted, ${count} found`)
  mm.tree.check(expect)
}

function checkSums(mm: Mm): void {
  const sums = new Mm(mm.machine, mm.limits, [])
  sums.locked = mm.strayLocked
  for (const vma of mm.tree) {
    const pages = (vma.end - vma.start) / mm.pageSize
    sums.account(vma.flags, pages)
    if (vma.flags & VM_FLAG.LOCKED) sums.locked += pages
  }
  for (const name of ['total', 'data', 'executable', 'stack', 'locked'] as const) {
    expect(sums[name] === mm[name], `${mm[name]} pages ${name} counted, ${sums[name]} found`)
  }
}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new Error(`the model is broken: ${message}`)
}
