/** The raw `struct page`: one page of memory that a driver owns and that areas can map. */
export interface RawPage {
  /** The page's bytes, for its owner. */
  readonly bytes: Uint8Array
  /** References held: by the owner and by each place that maps it. */
  readonly references: number
  /**
   * `put_page` of the owner: drops its reference. The memory is freed when no area maps the page any more. A second call does nothing;
   * inserting the page afterwards is `EINVAL`.
   */
  put(): void
}
