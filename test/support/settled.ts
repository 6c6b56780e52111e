import { readFileSync } from 'node:fs'
import { until } from './until.js'

/** Until a program that was started waits for something, and has the same areas as at the look before. */
export async function settled(pid: number): Promise<void> {
  let before = ''
  await until(`process ${pid} settles`, () => {
    const now = readFileSync(`/proc/${pid}/maps`, 'latin1')
    const waits = readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') S ')
    const same = now !== '' && now === before
    before = now
    return waits && same
  })
}
