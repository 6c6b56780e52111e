import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A declaration of an emitted declaration file with its doc comment, and those of its members. */
export interface Documented {
  readonly name: string
  readonly kind: 'class' | 'interface' | 'function' | 'other'
  readonly comment: string
  /** The class that it extends, by name. */
  readonly base: string | undefined
  /** By name; an accessor has one entry, and so have the overloads of a method. Members that are private or internal are left out. */
  readonly members: ReadonlyMap<string, string>
}

const read = new Map<string, ReadonlyMap<string, Documented>>()

/** The exported declarations of a declaration file by their names. The compiler's own form of such a file is relied on. */
export function documentedIn(file: string): ReadonlyMap<string, Documented> {
  let known = read.get(file)
  if (known === undefined) {
    known = parse(readFileSync(file, 'utf8'))
    read.set(file, known)
  }
  return known
}

/** The declaration of the class that `of` extends, where that is a class of the package. */
export function baseOf(file: string, of: Documented): { file: string; documented: Documented } | undefined {
  if (of.base === undefined) return undefined
  const own = documentedIn(file).get(of.base)
  if (own !== undefined) return { file, documented: own }
  const from = new RegExp(`^import (?:type )?\\{[^}]*\\b${of.base}\\b[^}]*\\} from '([^']+)'`, 'm').exec(
    readFileSync(file, 'utf8'),
  )
  if (from === null) return undefined
  const at = join(dirname(file), from[1]!.replace(/\.js$/, '.d.ts'))
  const documented = documentedIn(at).get(of.base)
  return documented === undefined ? undefined : { file: at, documented }
}

function parse(text: string): Map<string, Documented> {
  const declarations = new Map<string, Documented>()
  let current: { readonly members: Map<string, string> } | undefined
  let comment = ''
  let inComment = false
  for (const line of text.split('\n')) {
    const content = line.trim()
    if (content.startsWith('/**')) comment = ''
    if (content.startsWith('/**') || inComment) {
      comment += `${content
        .replace(/^\/?\*+\/?/, '')
        .replace(/\*\/$/, '')
        .trim()}\n`
      inComment = !content.endsWith('*/')
      continue
    }
    let plain = line
    while (/<[^<>]*>/.test(plain)) plain = plain.replaceAll(/<[^<>]*>/g, '')
    const head =
      /^export (?:default )?(?:declare )?(?:abstract )?(class|interface|function|const|type) ([\w$]+)(?: extends ([\w$]+))?/.exec(
        plain,
      )
    if (head !== null) {
      const kind = head[1] === 'const' || head[1] === 'type' ? 'other' : (head[1] as Documented['kind'])
      const members = new Map<string, string>()
      const name = head[2]!
      const before = declarations.get(name)
      // The comment of an overload belongs to all of them.
      declarations.set(name, { name, kind, comment: `${before?.comment ?? ''}${comment}`, base: head[3], members })
      current = (kind === 'class' || kind === 'interface') && !content.endsWith('}') ? { members } : undefined
    } else if (/^}/.test(line)) {
      current = undefined
    } else if (current !== undefined && /^ {4}\S/.test(line)) {
      const member =
        /^(?:static )?(?:override )?(?:readonly )?(?:abstract )?(?:get |set )?(\[[^\]]+\]|[\w$]+)\??[(:<]/.exec(content)
      const internal = comment.includes('@internal') || /^(#private|private |protected |declare )/.test(content)
      if (member !== null && !internal) {
        current.members.set(member[1]!, `${current.members.get(member[1]!) ?? ''}${comment}`)
      }
    }
    comment = ''
  }
  return declarations
}
