import { type Lesson, lessonOf } from '../../play/lesson.js'
import mergeAndSplit from '../../play/lessons/1-merge-and-split.txt'
import copyOnWrite from '../../play/lessons/2-copy-on-write.txt'
import fork from '../../play/lessons/3-fork.txt'
import mixedMap from '../../play/lessons/4-mixed-map.txt'
import userfaultfd from '../../play/lessons/5-userfaultfd.txt'
import guardPages from '../../play/lessons/6-guard-pages.txt'

/** The lessons that come with the package. */
export const PACKAGE_LESSONS: readonly Lesson[] = [
  lessonOf('merge-and-split', mergeAndSplit),
  lessonOf('copy-on-write', copyOnWrite),
  lessonOf('fork', fork),
  lessonOf('mixed-map', mixedMap),
  lessonOf('userfaultfd', userfaultfd),
  lessonOf('guard-pages', guardPages),
]
