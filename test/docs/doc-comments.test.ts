// The doc comments of what the package exports: each is there, and each names the errors that its member was seen to throw.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { conformance } from '#vmarea/conformance.js'
import { Machine, type ModelledProcess } from '#vmarea/model.js'
import { MODEL_CAPABILITIES } from '../conformance/model-capabilities.js'
import { publicExports } from '../house/public-exports.js'
import { root } from '../support/root.js'
import { baseOf, type Documented, documentedIn } from './doc-comments.js'

interface Place {
  readonly file: string
  readonly documented: Documented
}

/** The exported declarations with the classes that they extend, each once. */
function publicDeclarations(): Place[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  const places = new Map<Documented, Place>()
  for (const entry of Object.values(exports).filter((name) => name.endsWith('.js'))) {
    for (const { file, localName } of publicExports(join(root, entry.replace(/\.js$/, '.d.ts')))) {
      let place = { file, documented: documentedIn(file).get(localName) }
      while (place.documented !== undefined && !places.has(place.documented)) {
        places.set(place.documented, { file: place.file, documented: place.documented })
        place = baseOf(place.file, place.documented) ?? { file, documented: undefined }
      }
    }
  }
  return [...places.values()]
}

const places = publicDeclarations()
const code = /`(E[A-Z]+|ERR_VMAREA_\w+)`/g

test('every exported declaration and each member of an exported class has a doc comment', () => {
  const missing: string[] = []
  for (const { documented } of places) {
    if (documented.kind === 'other') continue
    if (documented.comment.trim() === '') missing.push(documented.name)
    if (documented.kind !== 'class') continue
    for (const [member, comment] of documented.members) {
      if (comment.trim() === '' && !/^(constructor$|\[)/.test(member)) missing.push(`${documented.name}.${member}`)
    }
  }
  assert.ok(places.length > 100, `only ${places.length} declarations were found`)
  assert.deepEqual(missing, [])
})

test('every code behind @throws is in docs/errors.md', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const unknown: string[] = []
  for (const { documented } of places) {
    for (const [member, comment] of [['', documented.comment] as const, ...documented.members]) {
      for (const [, name] of throwsOf(comment).matchAll(code)) {
        if (!page.includes(`\`${name}\``)) unknown.push(`${documented.name}.${member}: ${name}`)
      }
    }
  }
  assert.deepEqual(unknown, [])
})

/** The comments of a declaration and of the classes that it extends: their `@throws` holds for every member. */
function classComments({ file, documented }: Place): string {
  const base = baseOf(file, documented)
  return base === undefined ? documented.comment : `${documented.comment}\n${classComments(base)}`
}

/** What a comment says behind its `@throws` tags; "as `member`" stands for what that member's comment says. */
function throwsOf(comment: string, members: ReadonlyMap<string, string> = new Map()): string {
  const said = [...comment.matchAll(/@throws([^@]*)/g)].map(([, text]) => text).join('\n')
  const others = [...said.matchAll(/\bas (`\w+`(?:,? and `\w+`)*)/g)]
    .flatMap(([, names]) => [...names!.matchAll(/\w{3,}/g)].map(([name]) => name))
    .map((name) => members.get(name) ?? '')
  return [said, ...others.map((other) => throwsOf(other, members))].join('\n')
}

// ---- the errors that members were seen to throw ----

/** Member and code, with what its `@throws` say and a message as an example. */
const seen = new Map<string, { readonly said: string; readonly message: string }>()

/** Notes what the members of a class throw from now on, or reject with. */
async function watch(place: Place): Promise<void> {
  const { file, documented } = place
  const module = (await import(pathToFileURL(file.replace(/\.d\.ts$/, '.js')).href)) as Record<string, unknown>
  const Class = module[documented.name] as { readonly prototype: object }
  for (const [member, comment] of documented.members) {
    const said = throwsOf(`${comment}\n${classComments(place)}`, documented.members)
    const note = (error: unknown) => {
      const code = (error as { readonly code?: unknown } | undefined)?.code
      if (!(error instanceof Error) || typeof code !== 'string' || !/^(E[A-Z]+|ERR_VMAREA_\w+)$/.test(code)) return
      const key = `${documented.name}.${member} ${code}`
      if (!seen.has(key)) seen.set(key, { said, message: error.message })
    }
    for (const owner of [Class, Class.prototype]) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, member)
      const kind = typeof descriptor?.value === 'function' ? 'value' : descriptor?.get === undefined ? undefined : 'get'
      if (member === 'constructor' || kind === undefined) continue
      const original = descriptor![kind] as (...given: unknown[]) => unknown
      function watched(this: unknown, ...given: unknown[]): unknown {
        try {
          const result = original.apply(this, given)
          if (result instanceof Promise) result.catch(note)
          return result
        } catch (error) {
          note(error)
          throw error
        }
      }
      Object.defineProperty(owner, member, { ...descriptor, [kind]: watched })
    }
  }
}

test('the errors that members of the exported classes throw on a modelled machine are named behind their @throws', async () => {
  for (const place of places) if (place.documented.kind === 'class') await watch(place)
  const cases: (() => unknown)[] = []
  conformance({
    test: (_title: string, ...rest: readonly unknown[]) => {
      if (rest.length === 1) cases.push(rest[0] as () => unknown)
    },
    factory: () => new Machine().spawn(),
    capabilities: MODEL_CAPABILITIES,
  })
  for (const run of cases) await run()
  misuse()
  assert.ok(seen.size > 60, `only ${seen.size} pairs of a member and a code were seen`)
  const unsaid = [...seen].filter(([key, { said }]) => !said.includes(`\`${key.split(' ')[1]}\``))
  const lines = unsaid.map(([key, { message }]) => `${key}: ${message}`).sort()
  assert.deepEqual(lines, [])
})

/** Calls every member of handles, guards and files, living and ended ones, with arguments that mean nothing to most of them. */
function misuse(): void {
  const { pageSize } = new Machine()
  const length = 4 * pageSize
  const user = (process: ModelledProcess) => process.mm.mmgetNotZero()!
  const makers: ((process: ModelledProcess) => Disposable)[] = [
    (process) => process.mapNone({ length }),
    (process) => process.map({ length }),
    (process) => process.mapMut({ length }),
    (process) => process.reserve({ length }),
    (process) => process.reserveMut({ length }),
    (process) => process.reserveNone({ length }),
    (process) => process.memfd('misused', { size: length }),
    user,
    (process) => user(process).mmapReadLock(),
    (process) => user(process).lockVmaUnderRcu(process.mapMut({ length }).start)!,
  ]
  const values = [undefined, -1, Number.NaN, 1, 2 ** 60, -1n, 0n, 'x']
  for (const make of makers) {
    for (const name of membersOf(make(new Machine().spawn()))) {
      for (const value of values) {
        for (const other of [undefined, 2 ** 52]) {
          for (const end of [false, true]) {
            // A process of its own, because a member may keep a lock or a mapping.
            const thing = make(new Machine().spawn())
            if (end) thing[Symbol.dispose]()
            try {
              const member: unknown = Reflect.get(thing, name)
              const result: unknown = typeof member === 'function' ? member.call(thing, value, other) : undefined
              if (result instanceof Promise) result.catch(() => {})
            } catch {}
          }
        }
      }
    }
  }
}

function membersOf(thing: object): string[] {
  const names = new Set<string>()
  for (let at = thing; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name)
  }
  return [...names]
}
