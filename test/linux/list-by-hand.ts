import { readFileSync } from 'node:fs'

/** One area as /proc tells it, read in the plainest way: the oracle of the fast readers. */
export interface AreaByHand {
  readonly start: bigint
  readonly end: bigint
  readonly permissions: string
  readonly offset: bigint
  readonly device: string
  readonly inode: bigint
  readonly name: string
  readonly fields: ReadonlyMap<string, number>
  readonly flags: string
}

/** /proc/PID/smaps by regular expressions. */
export function listByHand(pid: number): AreaByHand[] {
  const text = readFileSync(`/proc/${pid}/smaps`, 'latin1')
  const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/
  const areas: (AreaByHand & { fields: Map<string, number>; flags: string })[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    const match = header.exec(line)
    if (match) {
      const [, start, end, permissions, offset, device, inode, name] = match as unknown as string[]
      areas.push({
        start: BigInt(`0x${start}`),
        end: BigInt(`0x${end}`),
        permissions: permissions!,
        offset: BigInt(`0x${offset}`),
        device: device!,
        inode: BigInt(inode!),
        name: name!,
        fields: new Map(),
        flags: '',
      })
      continue
    }
    const area = areas.at(-1)!
    const [label, value] = line.split(/:\s*/) as [string, string]
    if (label === 'VmFlags') area.flags = value.trim()
    else area.fields.set(label, Number.parseInt(value, 10) * (value.endsWith('kB') ? 1024 : 1))
  }
  return areas
}
