import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One exported name and its declaration, without comments, on as few lines as it has members. */
export interface PublicExport {
  readonly name: string
  readonly declaration: string
  /** The declaration file that declares it, and its name there. */
  readonly file: string
  readonly localName: string
}

interface Declarations {
  /** The text of each declaration by its name; a function has one for each overload. */
  readonly local: ReadonlyMap<string, string>
  /** Exported name to where it is declared: this file, or a name in another one. */
  readonly exported: ReadonlyMap<string, { readonly from?: string; readonly name: string }>
  /** Local name to what it was imported as. */
  readonly imported: ReadonlyMap<string, { readonly from: string; readonly name: string }>
}

/** What an emitted declaration file exports, in the order of the names. */
export function publicExports(file: string): PublicExport[] {
  const { exported } = declarationsIn(file)
  return [...exported.keys()].sort().map((name) => ({ name, ...declarationOf(file, name) }))
}

function declarationOf(file: string, exportedName: string): Omit<PublicExport, 'name'> {
  const { exported, local, imported } = declarationsIn(file)
  const found = exported.get(exportedName)
  if (found === undefined) throw new Error(`${file} exports no ${exportedName}`)
  if (found.from !== undefined) return declarationOf(resolve(file, found.from), found.name)
  const own = local.get(found.name)
  if (own !== undefined) return { declaration: own, file, localName: found.name }
  const elsewhere = imported.get(found.name)
  if (elsewhere === undefined) throw new Error(`${file} exports ${exportedName}, and declares it nowhere`)
  return declarationOf(resolve(file, elsewhere.from), elsewhere.name)
}

function resolve(file: string, from: string): string {
  return join(dirname(file), from.replace(/\.js$/, '.d.ts'))
}

const read = new Map<string, Declarations>()

function declarationsIn(file: string): Declarations {
  const known = read.get(file)
  if (known !== undefined) return known
  const [local, exported, imported] = [new Map(), new Map(), new Map()] as const
  for (const statement of statementsOf(readFileSync(file, 'utf8'))) {
    const names = /^(import|export)(?: type)? \{([^}]*)\}(?: from ['"]([^'"]+)['"])?;?$/.exec(statement)
    if (names !== null) {
      for (const part of names[2]!.split(',').filter((text) => text.trim() !== '')) {
        const [, name, alias] = /^\s*(?:type )?(\S+)(?: as (\S+))?\s*$/.exec(part)!
        if (names[1] === 'import') imported.set(alias ?? name, { from: names[3], name })
        else exported.set(alias ?? name, { ...(names[3] === undefined ? {} : { from: names[3] }), name })
      }
      continue
    }
    const declared =
      /^(export )?(default )?(?:declare )?(?:abstract )?(?:const|let|class|function|interface|type|enum) ([\w$]+)/
    const match = declared.exec(statement)
    if (match === null) {
      if (/^export default /.test(statement)) {
        local.set('default', statement)
        exported.set('default', { name: 'default' })
      }
      continue
    }
    const name = match[2] === undefined ? match[3]! : 'default'
    local.set(name, local.has(name) ? `${local.get(name)}\n${statement}` : statement)
    if (match[1] !== undefined) exported.set(name, { name })
  }
  const declarations = { local, exported, imported }
  read.set(file, declarations)
  return declarations
}

/** The statements of a declaration file, without comments; what a class keeps to itself is left out. */
function statementsOf(text: string): string[] {
  const plain = withoutComments(withoutInternals(text))
  const statements: string[] = []
  let depth = 0
  let statement: string[] = []
  for (const line of plain.split('\n')) {
    const content = line.trim()
    if (content === '') continue
    statement.push(line.trimEnd())
    depth += count(content, /[{([]/g) - count(content, /[})\]]/g)
    if (depth > 0 || !/[;}]$/.test(content)) continue
    statements.push(tidy(statement))
    statement = []
  }
  return statements
}

function tidy(lines: readonly string[]): string {
  return lines
    .filter((line) => !/^\s*(?:#private|private )/.test(line))
    .join('\n')
    .replaceAll(/import\("[^"]*"\)\./g, '')
}

/** Members that are marked `@internal` are for the package itself. */
function withoutInternals(text: string): string {
  const kept: string[] = []
  let comment = ''
  let skipping = false
  let depth = 0
  for (const line of text.split('\n')) {
    const content = line.trim()
    if (/^\/\*\*/.test(content)) comment = ''
    if (/^(\/\*\*|\*)/.test(content)) comment += content
    else if (comment.includes('@internal')) skipping = true
    if (!/^(\/\*\*|\*)/.test(content)) comment = ''
    if (!skipping) {
      kept.push(line)
      continue
    }
    depth += count(content, /[{([]/g) - count(content, /[})\]]/g)
    if (depth === 0 && /[;}]$/.test(content)) skipping = false
  }
  return kept.join('\n')
}

/** Comments go, save where a string has the same signs, which no declaration here does. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
}

function count(text: string, pattern: RegExp): number {
  return text.replaceAll(/=>/g, '').match(pattern)?.length ?? 0
}
