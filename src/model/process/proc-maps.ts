import { areaName } from '../hooks/area-name.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** The text of `/proc/PID/maps`: `show_map_vma` for each VMA. */
export function procMaps(mm: Mm): string {
  return [...mm.tree].map((vma) => `${mapsLine(vma)}\n`).join('')
}

/** One line of the text, without the line break. */
export function mapsLine(vma: Vma): string {
  const { flags, file, mm } = vma
  const address = (value: number) => value.toString(16).padStart(8, '0')
  const letter = (bit: number, name: string) => (flags & bit ? name : '-')
  const permissions = `${letter(VM_FLAG.READ, 'r')}${letter(VM_FLAG.WRITE, 'w')}${letter(VM_FLAG.EXEC, 'x')}${flags & VM_FLAG.MAYSHARE ? 's' : 'p'}`
  const offset = address(file === undefined ? 0 : vma.pgoff * mm.pageSize)
  const device = file === undefined ? '00:00' : '00:01'
  const line = `${address(vma.start)}-${address(vma.end)} ${permissions} ${offset} ${device} ${file?.inode.number ?? 0} `
  const name = areaName(vma).replaceAll('\n', '\\012')
  return name === '' ? line : `${line.padEnd(73)}${name}`
}
