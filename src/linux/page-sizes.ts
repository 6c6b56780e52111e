import { readdirSync } from 'node:fs'

/** The page sizes of this machine, in bytes, ascending: the base size, and each size of huge page the kernel has a pool for. */
export function pageSizes(base: number): readonly number[] {
  let names: string[] = []
  try {
    names = readdirSync('/sys/kernel/mm/hugepages')
  } catch {
    // A kernel without huge pages, or a container without sysfs.
  }
  const huge = names.map((name) => /^hugepages-(\d+)kB$/.exec(name)?.[1]).filter((size) => size !== undefined)
  return [base, ...huge.map((kibibytes) => Number(kibibytes) * 1024).sort((a, b) => a - b)]
}
