import { release } from 'node:os'

/** The version that brought something, where the processor makes a difference by `process.arch`. */
export type Since = string | { readonly x64: string; readonly arm64: string }

/** The kernel that runs and the processor under it, as Node names them. */
export interface Machine {
  readonly release: string
  readonly architecture: string
}

const thisMachine: Machine = { release: release(), architecture: process.arch }

/**
 * What brings something that this kernel lacks: a later version, or, where this one is late enough, what it must have been built or set up with.
 */
export function newerKernel(since: Since, otherwise: string, machine: Machine = thisMachine): string {
  const version = typeof since === 'string' ? since : machine.architecture === 'arm64' ? since.arm64 : since.x64
  if (isAtLeast(machine.release, version)) return otherwise
  return `Linux ${version} or later${typeof since === 'string' ? '' : ` (on ${machine.architecture === 'arm64' ? 'arm64' : 'x86-64'})`}`
}

function isAtLeast(running: string, version: string): boolean {
  const [major = 0, minor = 0] = running.split('.').map((part) => Number.parseInt(part, 10))
  const [wantedMajor = 0, wantedMinor = 0] = version.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
