import type { UffdFeature } from '../vocabulary/uffd-feature.js'

/** A way to open a userfaultfd, in the order in which they are tried. */
export type UserfaultfdWay = 'device' | 'syscall' | 'user-mode-only'

/** How to open a userfaultfd. */
export interface UserfaultfdOptions {
  /** Features that must be on, by name or as bits. Where the kernel lacks one, opening fails and the message names it. */
  readonly features?: readonly (UffdFeature | bigint)[]
  /** Features to enable where the kernel has them: read `uffd.features` afterwards. */
  readonly optionalFeatures?: readonly (UffdFeature | bigint)[]
  /**
   * `false`: only one that catches the kernel's own accesses too, so that `fs.readSync` into a missing page works. `true`: only one that
   * does not, which needs no privilege. By default the first, and the second where that is refused: see `uffd.userModeOnly`.
   */
  readonly userModeOnly?: boolean
  /**
   * What to do when the last thread that read events ends without having closed, and another still holds a handle. `poison`: each access
   * to a page that was not served fails (`MemoryFault`) instead of waiting without a server; a later `copy` replaces the poison. `wait`:
   * accesses wait for the next thread that serves.
   *
   * @defaultValue 'poison'
   */
  readonly whenServerEnds?: 'poison' | 'wait'
}
