import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const output = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'build', 'bench')

/** Compiles a C program on the spot and returns a function that runs it and reads the numbers it prints. */
export function compile(source) {
  mkdirSync(output, { recursive: true })
  const program = join(output, basename(source, '.c'))
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-pthread', source, '-o', program], { stdio: 'inherit' })
  return (...args) => numbersOf(execFileSync(program, args.map(String), { encoding: 'utf8' }))
}

export function numbersOf(text) {
  return text.trim().split(/\s+/).map(Number)
}
