import { readdirSync } from 'node:fs'

/** What `open` returns, followed by the kernel's numbers of the threads that it started. */
export async function withThreads(open) {
  const threads = () => readdirSync('/proc/self/task').map(Number)
  const before = threads()
  const opened = await open()
  return [opened, ...threads().filter((thread) => !before.includes(thread))]
}
