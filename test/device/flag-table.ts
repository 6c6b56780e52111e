import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeSetUp } from '#vmarea/conformance/drivers/probe-options.js'
import type { VmFlagName } from '#vmarea/index.js'
import { root } from '../support/root.js'

/** What each call of the table answers: `yes`, or the error's code. */
export const CALLS = ['read', 'write', 'execute', 'grow', 'dofork', 'dodump', 'populate_read'] as const

/** A row of docs/drivers.md, "Who holds which flag". */
export interface FlagRow {
  readonly title: string
  /** What the driver's `mmap` hook calls. */
  readonly setUp: readonly ProbeSetUp[]
  /** Which flag it sets or clears, the last one if there are several, and who holds that. */
  readonly flag: VmFlagName
  readonly clears: boolean
  readonly holder: 'kernel' | 'library'
  readonly answers: { readonly [call in (typeof CALLS)[number]]: string }
  /** Whether a child of fork(2) has the area. */
  readonly inChild: boolean
  /** The advice that takes the flag away again. */
  readonly undoneBy: 'dofork' | 'dodump' | undefined
}

/** The table as the page has it. */
export function flagTable(): FlagRow[] {
  const page = readFileSync(join(root, 'docs', 'drivers.md'), 'utf8')
  const section = /^### Who holds which flag\n(.*?)^##/ms.exec(page)?.[1] ?? ''
  return section
    .split('\n')
    .filter((line) => /^\| `\w+\(\)`/.test(line))
    .map((line) => {
      const [made, flag, holder, through, ...rest] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', ''))
      if (through === '') throw new Error(`no call in ${line}`)
      const undone = rest.pop()!
      const inChild = rest.pop()
      if (rest.length !== CALLS.length) throw new Error(`${rest.length} answers in ${line}`)
      return {
        title: line.slice(0, line.indexOf('|', 2)).slice(2).trim(),
        setUp: made!.replaceAll('()', '').split(' after ').reverse() as ProbeSetUp[],
        flag: flag!.replace(/^no /, '').replace('VM_', '') as VmFlagName,
        clears: flag!.startsWith('no '),
        holder: holder as FlagRow['holder'],
        answers: Object.fromEntries(CALLS.map((call, index) => [call, rest[index]!])) as FlagRow['answers'],
        inChild: inChild === 'yes',
        undoneBy: undone === 'nothing' ? undefined : (undone as 'dofork' | 'dodump'),
      }
    })
}
