import { readFileSync, writeFileSync } from 'node:fs'
import { after } from 'node:test'

const POOL = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'

/** Adds huge pages of 2 MiB to the machine's pool until this file's tests are done. Returns why it can't, or `false`. */
export function raiseHugePages(pages: number): string | false {
  const count = () => Number(readFileSync(POOL, 'latin1'))
  try {
    const before = count()
    writeFileSync(POOL, String(before + pages))
    after(() => writeFileSync(POOL, String(Math.max(0, count() - pages))))
    return count() < before + pages && 'the machine has no memory in one piece for huge pages'
  } catch {
    return 'the pool of huge pages can not be raised here'
  }
}
