import { ERRNO, type ErrnoName } from '../../vocabulary/errno.js'
import { errnoName } from '../../vocabulary/errno-name.js'

/** An answer of the addon as words: the error's name and sentence, or `works`. */
export function answerWords(answer: number): string {
  if (answer >= 0) return 'works'
  const name = errnoName(-answer)
  return `${name}, ${ERRNO[name as ErrnoName]?.[1] ?? 'unknown error'}`
}
