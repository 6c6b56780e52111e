import type { CommandOption } from '../command/command.js'

/** What a shell offers for the value of an option: words, the names of files or folders, or nothing. */
export type ValueCompletion =
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean }
  | { readonly kind: 'file' | 'folder' | 'none' }

/** What to offer for an option's value; `undefined` for an option that takes none. */
export function valueCompletion({ type, choices, multiple, value }: CommandOption): ValueCompletion | undefined {
  if (type === 'boolean') return undefined
  if (choices !== undefined) return { kind: 'words', words: choices, isList: multiple === true }
  if (value === 'FILE' || value === 'OUT') return { kind: 'file' }
  return { kind: value === 'FOLDER' ? 'folder' : 'none' }
}
