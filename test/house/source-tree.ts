import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { root } from '../support/root.js'

export interface SourceImport {
  /** The imported file, from `src/`; or the name of a package or a module of Node. */
  readonly target: string
  /** Nothing of it is left in the compiled file. */
  readonly typeOnly: boolean
  /** It is evaluated later, by `import()`. */
  readonly dynamic: boolean
}

export interface SourceFile {
  /** From `src/`, with slashes: `model/areas/split-vma.ts`. */
  readonly path: string
  readonly text: string
  readonly imports: readonly SourceImport[]
}

/** All files of `src/`, with what each imports. */
export function sourceFiles(): SourceFile[] {
  return [...filesIn('src', '.ts'), ...filesIn('src', '.tsx')].map((path) => {
    const text = readFileSync(join(root, 'src', path), 'utf8')
    return { path, text, imports: importsOf(path, text) }
  })
}

/** The paths of a folder's files with this ending, from that folder, with slashes, sorted. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => name.endsWith(ending))
    .sort()
}

/** The room and, within it, the floor of a file: `pager/device/server/x.ts` is in `pager`, on `device/server`. */
export function roomOf(path: string): string | undefined {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined
}

function importsOf(path: string, text: string): SourceImport[] {
  const statements = text.matchAll(/^(?:import|export)\b([^'";]*?)\bfrom\s*'([^']+)'|^import\s*'([^']+)'/gm)
  const found = [...statements].map(([, clause, from, bare]) => ({
    target: targetOf(path, (from ?? bare)!),
    typeOnly: clause !== undefined && isTypeOnly(clause),
    dynamic: false,
  }))
  for (const [, name] of text.matchAll(/(?<!typeof )\bimport\('([^']+)'\)/g)) {
    found.push({ target: targetOf(path, name!), typeOnly: false, dynamic: true })
  }
  for (const [, name] of text.matchAll(/\btypeof import\('([^']+)'\)/g)) {
    found.push({ target: targetOf(path, name!), typeOnly: true, dynamic: false })
  }
  return found
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]
  if (names === undefined) return false
  return names
    .split(',')
    .filter((name) => name.trim() !== '')
    .every((name) => /^\s*type\s/.test(name))
}

function targetOf(path: string, name: string): string {
  if (!name.startsWith('.')) return name
  const target = normalize(join(dirname(path), name))
  if (!target.endsWith('.js')) return target
  const stem = target.slice(0, -'.js'.length)
  return existsSync(join(root, 'src', `${stem}.tsx`)) ? `${stem}.tsx` : `${stem}.ts`
}
