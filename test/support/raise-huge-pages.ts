import { spawnSync } from 'node:child_process'
import { after } from 'node:test'

/**
 * Adds huge pages of `size` bytes to the machine's pool until the tests of this file or suite are done. Returns why it can't, or `false`.
 * Files whose tests run at the same time each add their own.
 */
export function raiseHugePages(pages: number, size = 2 << 20): string | false {
  const added = change(size, pages)
  if (added === undefined) return 'the pool of huge pages can not be raised here'
  after(() => change(size, -added))
  return added < pages && 'the machine has no memory in one piece for huge pages'
}

/** Changes the size of the pool, with a lock on it, as another file's tests may do the same. Returns how many pages were added. */
function change(size: number, pages: number): number | undefined {
  const pool = `/sys/kernel/mm/hugepages/hugepages-${size / 1024}kB/nr_hugepages`
  const script = 'read before < "$0" && echo $((before + $1)) > "$0" && read now < "$0" && echo $((now - before))'
  const { status, stdout } = spawnSync('flock', [pool, 'sh', '-c', script, pool, String(pages)])
  return status === 0 ? Number(stdout) : undefined
}
