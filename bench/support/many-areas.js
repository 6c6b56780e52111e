import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.js'

const source = (name) => fileURLToPath(new URL(`../mm/${name}`, import.meta.url))

/** The floors in C. */
export const ask = () => compile(source('ask.c'))

/** A process of many areas, two pages apart from `first` on. Stopped with `stop()`. */
export async function manyAreas(count) {
  compile(source('many-areas.c'))
  const child = spawn(fileURLToPath(new URL('../../build/bench/many-areas', import.meta.url)), [String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // It prints where its areas begin when they are all there.
  const [text] = await once(child.stdout, 'data')
  return {
    pid: child.pid,
    first: Number(text),
    stride: 4 * 4096,
    places: Math.floor(count / 2),
    stop: () => child.kill(),
  }
}
