import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** Where a figure was measured. */
export function environment() {
  return {
    node: process.version,
    kernel: release(),
    processor: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    'transparent huge pages': readLine('/sys/kernel/mm/transparent_hugepage/enabled'),
    'load average': readLine('/proc/loadavg'),
    date: new Date().toISOString().slice(0, 10),
  }
}

function readLine(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
