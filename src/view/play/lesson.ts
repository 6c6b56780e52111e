/** A program for the playground, with a title. */
export interface Lesson {
  /** The name of its file. */
  readonly name: string
  readonly title: string
  /** The whole text, comments included: what the editor shows. */
  readonly text: string
}

/** A lesson from the text of its file: its first line is the title, after a `#`. */
export function lessonOf(name: string, text: string): Lesson {
  const [first = ''] = text.split('\n', 1)
  const title = first.startsWith('#') ? first.slice(1).trim() : ''
  return { name, title: title === '' ? name : title, text }
}
