/** What the machine says about one thing that the package uses. */
export interface Capability {
  readonly name: string
  readonly available: boolean
  /** What it is for. */
  readonly purpose: string
  /** What was tried and what came of it. */
  readonly found: string
  /** What of it does not work here: the rest does. Only where it is available. */
  readonly limits?: string
  /** What the package does without it. Nothing where it then throws. */
  readonly fallback?: string
  /** What would allow it, or the rest of it. */
  readonly remedy?: string
}
