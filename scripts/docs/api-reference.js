// The API reference, from the doc comments in the emitted declarations: a page of Markdown for each entry point of the package.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The pages by their names, such as `api-vmarea.md`.
 *
 * @param {string} root
 * @returns {Map<string, string>}
 */
export function apiReference(root) {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const pages = new Map()
  for (const [subpath, target] of Object.entries(exports)) {
    if (!target.endsWith('.js')) continue
    const specifier = subpath === '.' ? name : `${name}${subpath.slice(1)}`
    pages.set(apiPageName(specifier), entryPage(specifier, join(root, target.replace(/\.js$/, '.d.ts'))))
  }
  return pages
}

/** @param {string} specifier such as `vmarea/model` */
export function apiPageName(specifier) {
  return `api-${specifier.replaceAll('/', '-')}.md`
}

/**
 * What an entry point exports, with its doc comments.
 *
 * @param {string} file a declaration file
 * @returns {{ name: string, doc: string, text: string, members: { name: string, doc: string, text: string, from?: string }[] }[]}
 */
export function exportsOf(file) {
  return [...exportedFrom(file)]
    .map(([name, declarations]) => {
      const [first] = declarations
      return {
        name,
        doc: declarations.map(({ doc }) => doc).find((doc) => doc !== '') ?? '',
        text: declarations.map(({ head }) => head).join('\n'),
        members: membersWithInherited(aliased(first)),
      }
    })
    .filter(({ doc }) => !doc.includes('@internal'))
    .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
}

/** For `type X = Y`, the declaration of Y where it is a class or an interface: X has its members. */
function aliased(declaration) {
  const [, name] = /^type \w+ = (\w+);$/.exec(declaration.head) ?? []
  return (name && localOf(declaration.file, name)?.[0]) ?? declaration
}

function entryPage(specifier, file) {
  const all = exportsOf(file)
  const lines = [
    `# ${specifier}`,
    '',
    'Made from the doc comments. Ranges are half-open, lengths and offsets are bytes, addresses are `bigint`.',
    '',
    ...all.map(({ name, doc }) => `- [\`${name}\`](#${anchorOf(name)}): ${firstSentence(doc)}`),
  ]
  for (const { name, doc, text, members } of all) {
    lines.push('', `## ${name}`, '', '```ts', text, '```', '', docText(doc))
    for (const member of members) {
      const inherited = member.from === undefined ? '' : `\n\nFrom \`${member.from}\`.`
      lines.push(
        '',
        `### ${name}: ${member.name}`,
        '',
        '```ts',
        member.text,
        '```',
        '',
        docText(member.doc) + inherited,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

/** The anchor of a heading, as the site and code hosts make it. */
export function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}

function firstSentence(doc) {
  const text = docText(doc).split('\n\n', 1)[0].replaceAll(/\s+/g, ' ').trim()
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text
}

/** The comment as Markdown: its tags as paragraphs, links as code, examples as code blocks. */
function docText(doc) {
  const [text, ...tags] = doc.split(/^@(?=\w)/m)
  const parts = [text.trim()]
  for (const tag of tags) {
    const [, name, rest] = /^(\w+)\s*([\s\S]*)$/.exec(tag)
    const content = rest.trim()
    if (name === 'example') parts.push(content.startsWith('```') ? content : `\`\`\`ts\n${content}\n\`\`\``)
    else if (name === 'param') parts.push(content.replace(/^(\S+)\s+(?:- )?/, '- `$1`: '))
    else if (name === 'throws') parts.push(`**Throws** ${content}`)
    else if (name === 'returns') parts.push(`**Returns** ${content}`)
    else if (name !== 'internal') parts.push(`**${name}** ${content}`)
  }
  return parts
    .filter((part) => part !== '')
    .join('\n\n')
    .replaceAll(/\{@link\s+([^}|\s]+)[^}]*\}/g, '`$1`')
}

const modules = new Map()

/** The declarations of a file: what it declares, exports and imports. */
function moduleOf(file) {
  const known = modules.get(file)
  if (known !== undefined) return known
  const module = { file, local: new Map(), exported: new Map(), imported: new Map() }
  modules.set(file, module)
  for (const { doc, text } of itemsIn(readFileSync(file, 'utf8').split('\n'), '')) {
    const list = /^(import|export)(?: type)? \{([\s\S]*?)\}(?: from ['"]([^'"]+)['"])?;?$/.exec(text)
    if (list !== null) {
      for (const part of list[2].split(',').filter((name) => name.trim() !== '')) {
        const [, name, alias = name] = /^\s*(?:type )?(\S+)(?: as (\S+))?\s*$/.exec(part)
        if (list[1] === 'import') module.imported.set(alias, { from: list[3], name })
        else module.exported.set(alias, { from: list[3], name })
      }
      continue
    }
    const all = /^export \* from ['"]([^'"]+)['"]/.exec(text)
    if (all !== null) {
      for (const name of exportedFrom(resolve(file, all[1])).keys()) module.exported.set(name, { from: all[1], name })
      continue
    }
    const declared =
      /^(export )?(?:default )?(?:declare )?(?:abstract )?(?:class|interface|function|type|const|let|enum|namespace) (\w+)/.exec(
        text,
      )
    if (declared === null) continue
    const declaration = { ...split(text), doc, file }
    module.local.set(declared[2], [...(module.local.get(declared[2]) ?? []), declaration])
    if (declared[1] !== undefined) module.exported.set(declared[2], { name: declared[2] })
  }
  return module
}

/** What a file exports: for each name its declarations, several for overloads. */
function exportedFrom(file) {
  const found = new Map()
  for (const [name, { from, name: local }] of moduleOf(file).exported) {
    const declarations = from === undefined ? localOf(file, local) : exportedFrom(resolve(file, from)).get(local)
    if (declarations !== undefined) found.set(name, declarations)
  }
  return found
}

function localOf(file, name) {
  const { local, imported } = moduleOf(file)
  const own = local.get(name)
  if (own !== undefined) return own
  const elsewhere = imported.get(name)
  if (elsewhere === undefined || !elsewhere.from.startsWith('.')) return undefined
  return exportedFrom(resolve(file, elsewhere.from)).get(elsewhere.name)
}

function resolve(file, from) {
  return join(dirname(file), from.replace(/\.js$/, '.d.ts'))
}

/** A declaration's first line and its members. */
function split(text) {
  const isBody = /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:class|interface) /.test(text)
  if (!isBody) return { head: text.replace(/^export (?:declare )?/, ''), members: [], extended: [] }
  const lines = text.split('\n')
  const open = lines.findIndex((line) => line.endsWith('{') || line.endsWith('{}'))
  const head = lines
    .slice(0, open + 1)
    .join('\n')
    .replace(/^export (?:declare )?/, '')
    .replace(/\s*\{\}?$/, '')
  const members = [...itemsIn(lines.slice(open + 1, -1), '    ')]
    .filter(({ doc, text }) => !doc.includes('@internal') && !/^(#private|private |protected )/.test(text))
    .map(({ doc, text }) => ({ doc, text, name: memberName(text) }))
  const extended = basesOf(head)
  return { head, members, extended }
}

/** What a class or an interface extends: each name, and the members of it that `Omit` leaves out. */
function basesOf(head) {
  const [own] = splitOutside(head, ' implements ')
  const [, bases = ''] = splitOutside(own, ' extends ')
  return splitOutside(bases, ',').flatMap((base) => {
    const [, omitted, names] = /^Omit<(\w+),(.*)>$/s.exec(base.trim()) ?? []
    const name = omitted ?? /^\w+/.exec(base.trim())?.[0]
    return name === undefined ? [] : [{ name, without: [...(names ?? '').matchAll(/'(\w+)'/g)].map(([, it]) => it) }]
  })
}

/** The parts of a text between separators that stand outside of `<…>`. */
function splitOutside(text, separator) {
  const parts = ['']
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '<') depth++
    if (text[at] === '>') depth--
    if (depth > 0 || !text.startsWith(separator, at)) parts[parts.length - 1] += text[at]
    else {
      parts.push('')
      at += separator.length - 1
    }
  }
  return parts
}

function memberName(text) {
  if (/^[(<]/.test(text)) return 'call'
  const [, name] =
    /^(?:static |readonly |declare |get |set |async |abstract )*(\[[^\]]+\]|\w+|"[^"]+")/.exec(text) ?? []
  return name ?? text
}

/** Own members first, each name once, then those of what it extends that it does not override. */
function membersWithInherited({ members, extended, file }) {
  const all = new Map()
  const add = (member, from) => {
    const known = all.get(member.name)
    if (known === undefined) all.set(member.name, { ...member, ...(from === undefined ? {} : { from }) })
    else if (known.from === from) {
      known.text += `\n${member.text}`
      known.doc ||= member.doc
    } else known.doc ||= member.doc
  }
  for (const member of members) add(member)
  for (const { name, without } of extended) {
    const [declaration] = localOf(file, name) ?? []
    if (declaration === undefined) continue
    for (const member of membersWithInherited(declaration)) {
      if (!without.includes(member.name)) add(member, member.from ?? name)
    }
  }
  return [...all.values()]
}

/** The statements of a file or the members of a body: with one indentation, each with the comment before it. */
function* itemsIn(lines, indentation) {
  let doc = ''
  let comment
  let text = []
  let depth = 0
  for (const line of lines) {
    const own = line.startsWith(indentation) ? line.slice(indentation.length) : line
    if (comment !== undefined) {
      comment.push(own)
      if (own.includes('*/')) {
        doc = cleaned(comment)
        comment = undefined
      }
      continue
    }
    if (text.length === 0) {
      if (own.startsWith('/**')) {
        if (own.includes('*/')) doc = cleaned([own])
        else comment = [own]
        continue
      }
      if (own.trim() === '' || own.startsWith('//')) continue
    }
    text.push(own)
    depth += bracketsIn(own)
    if (depth > 0 || !/[;}]$/.test(own)) continue
    yield { doc, text: text.join('\n') }
    doc = ''
    text = []
  }
}

function bracketsIn(line) {
  const code = line.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`|\/\/.*$|=>/g, '')
  return (code.match(/[{([]/g)?.length ?? 0) - (code.match(/[})\]]/g)?.length ?? 0)
}

function cleaned(lines) {
  return lines
    .map((line) =>
      line
        .replace(/^\s*\/\*\*\s?/, '')
        .replace(/\s*\*\/\s*$/, '')
        .replace(/^\s*\* ?/, ''),
    )
    .join('\n')
    .trim()
}
