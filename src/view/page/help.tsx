const KEYS: readonly (readonly [string, string])[] = [
  ['↑ ↓', 'the area before or after, in the column and in the list'],
  ['Enter', 'zoom in: area, page, bytes'],
  ['Esc or Backspace', 'zoom out'],
  ['+ −', 'zoom of the column or the grid'],
  ['0', 'the whole column'],
  ['← → ↑ ↓', 'the page before or after, in the grid; the moment, at the time line'],
  ['/', 'find a name or an address'],
  ['?', 'this help'],
]

/** The keys, and what the page does not do. */
export function Help({ close }: { close: () => void }) {
  return (
    <section class="help" aria-label="Help">
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p>
        A dash is what is not known; nothing is drawn as zero that is not. Drag in the heat map to compare two moments.
        The address of the page holds what is shown: keep it, or go back.
      </p>
      <button type="button" onClick={close}>
        Close
      </button>
    </section>
  )
}
