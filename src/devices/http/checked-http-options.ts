/** `HttpOptions` with a value for each, after `checkHttpOptions`. */
export interface CheckedHttpOptions {
  /** Without credentials and fragment. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly etag: string | undefined
  readonly consistency: 'strong' | 'weak' | 'none'
  readonly readAhead: number
  readonly stall: number
  readonly retries: number
}
