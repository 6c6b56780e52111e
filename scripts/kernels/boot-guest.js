import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Unavailable } from './unavailable.js'

/**
 * Starts the program that is a guest's machine, in a process group of its own, and hands on each line that it prints. Resolves when it has
 * ended, with the exit code that guest-init.sh prints, or with `undefined` where the guest did not come to its end within the limit.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ milliseconds: number, onLine: (line: string) => void, environment?: Record<string, string> }} options
 * @returns {Promise<number | undefined>}
 */
export function bootGuest(program, args, { milliseconds, onLine, environment = {} }) {
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = () => process.kill(-child.pid, 'SIGKILL')
  const timer = setTimeout(end, milliseconds)
  const passOn = (signal) => {
    end()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, passOn)
  let code
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const text = line.replace(/\r$/, '')
    const ended = /^@@ ended (\d+)/.exec(text)
    if (ended !== null) code = Number(ended[1])
    onLine(text)
  })
  return new Promise((resolve, reject) => {
    child.on('error', () => reject(new Unavailable(`there is no command ${program}: install it`)))
    child.on('close', (status) => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, passOn)
      if (status !== 0 && status !== null) reject(new Error(`${program} ended with ${status}: ${said.trim()}`))
      else resolve(code)
    })
  })
}
