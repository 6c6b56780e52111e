import { CommandError } from '../command-error.js'

const UNITS = { '': 1, K: 1024, M: 1024 ** 2 } as const

/** `64K`, `1M`, `4096`, as bytes. */
export function parseByteSize(text: string, option: string): number {
  const [, digits, unit] = /^(\d{1,12})([KM]?)$/i.exec(text) ?? []
  if (digits === undefined)
    throw new CommandError(`${option} must be bytes, as in 65536 or 64K, and this is ${JSON.stringify(text)}`)
  return Number(digits) * UNITS[unit!.toUpperCase() as keyof typeof UNITS]
}
