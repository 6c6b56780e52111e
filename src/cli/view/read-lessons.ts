import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Lesson, lessonOf } from '../../view/play/lesson.js'
import { CommandError } from '../command-error.js'

/** The lessons of a folder: its `.txt` files, in the order of their names. */
export function readLessons(folder: string): Lesson[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    throw new CommandError(`can't read the folder ${folder}: ${(error as Error).message}`)
  }
  const lessons = names
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => lessonOf(name, readFileSync(join(folder, name), 'utf8')))
  if (lessons.length === 0) throw new CommandError(`${folder} has no lesson: they are files whose names end in .txt`)
  return lessons
}
