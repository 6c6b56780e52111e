import type { PlayDifference } from '../../play/differences.js'
import type { KernelRun } from '../../play/kernel-moment.js'

/** What the running kernel made of the call that is shown. */
export function KernelBeside({
  run,
  step,
  differences,
}: {
  run: KernelRun | 'asking'
  step: number
  differences: readonly PlayDifference[]
}) {
  return (
    <section class="kernel" aria-label="On the running kernel">
      <h3>On the running kernel</h3>
      {run === 'asking' ? (
        <p class="note">The program runs…</p>
      ) : (
        <Verdict run={run} step={step} differences={differences} />
      )}
    </section>
  )
}

function Verdict({ run, step, differences }: { run: KernelRun; step: number; differences: readonly PlayDifference[] }) {
  if (step === 0) return <p class="note">Nothing was called yet.</p>
  const moment = run.moments[step - 1]
  if (moment === undefined) {
    return <p class="unknown">Not known: {run.ended}. Nothing from there on was compared.</p>
  }
  if (differences.length === 0) {
    return <p class="same">✓ the same: {moment.outcome.text}, each area and each page.</p>
  }
  return (
    <table class="differences">
      <caption>Differences</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Model</th>
          <th scope="col">Kernel</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ what, process, model, kernel }) => (
          <tr key={`${process} ${what}`}>
            <th scope="row">
              {process === null ? '' : `${process}: `}
              {what}
            </th>
            <td>{model}</td>
            <td>{kernel}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
