import { useEffect, useMemo, useState } from 'preact/hooks'
import { differencesOf } from '../../play/differences.js'
import { parseProgram } from '../../play/parse-program.js'
import type { Memory } from '../../play/play-process.js'
import { type Moment, runProgram } from '../../play/run-program.js'
import type { Store } from '../store.js'
import { KernelBeside } from './kernel-beside.js'
import { MemoryStrips } from './memory-strips.js'
import { PACKAGE_LESSONS } from './package-lessons.js'
import { useKernel } from './use-kernel.js'

const MARKS: Readonly<Record<Moment['outcome']['kind'], string>> = {
  value: '=',
  done: '✓',
  error: '✗',
  signal: '⚡',
  waits: '…',
  wrong: '?',
  unknown: '–',
}

/** Bytes a page of the model. */
const PAGE_SIZE = 4096

/** System calls on a modelled kernel, one after the other, with the address space before and after each. */
export function Playground({ store }: { store: Store }) {
  const { state, boot } = store
  const lessons = boot.lessons ?? PACKAGE_LESSONS
  const lesson = lessons.find(({ name }) => name === state.lesson) ?? lessons[0]!
  const text = state.program ?? lesson.text
  const { begin, moments } = useMemo(() => runProgram(text), [text])
  const run = useKernel(text, boot.kernel && boot.source !== 'file')
  const differences = useMemo(
    () =>
      run === undefined || run === 'asking'
        ? []
        : run.moments.map((moment, at) => differencesOf(moments[at]!, moment, PAGE_SIZE)),
    [run, moments],
  )
  const step = Math.min(state.step, moments.length)
  const [undone, setUndone] = useState<readonly (string | null)[]>([])
  const moment = moments[step - 1]
  // Keys may come faster than the page is drawn: the store knows where they have led so far.
  const move = (by: number) => go(Math.min(store.state.step, moments.length) + by)
  const go = (to: number) => {
    const next = Math.min(Math.max(to, 0), moments.length)
    store.go({ step: next })
    const at = moments[next - 1]
    store.say(at === undefined ? 'before the first call' : `line ${at.line}: ${at.source}, ${at.outcome.text}`)
  }
  const edit = (edited: string | null, to = step) => {
    const program = edited === lesson.text ? null : edited
    // An input event need not be a change.
    const before = store.state.program
    if (program !== before) setUndone((all) => [...all.slice(-99), before])
    store.go({ program, step: Math.min(to, parseProgram(program ?? lesson.text).length) })
  }
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      if (/^(TEXTAREA|INPUT|SELECT)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'ArrowRight' || event.key === 'n') move(1)
      else if (event.key === 'ArrowLeft' || event.key === 'p') move(-1)
      else return
      event.preventDefault()
    }
    addEventListener('keydown', keys)
    return () => removeEventListener('keydown', keys)
  })
  return (
    <div class="play">
      <section class="program" aria-label="Program">
        <header>
          <label>
            Lesson{' '}
            <select
              value={lesson.name}
              onChange={(event) => store.go({ lesson: event.currentTarget.value, program: null, step: 0 }, true)}
            >
              {lessons.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </header>
        <textarea
          aria-label="Calls, one a line"
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => edit(event.currentTarget.value)}
        />
        <NewCall
          add={(call) => {
            const program = `${text.replace(/\n*$/, '')}\n${call}\n`
            edit(program, Number.MAX_SAFE_INTEGER)
          }}
        />
        <p class="tools">
          <button
            type="button"
            disabled={undone.length === 0}
            onClick={() => {
              store.go({ program: undone.at(-1) ?? null })
              setUndone((all) => all.slice(0, -1))
            }}
          >
            Undo the edit
          </button>
          <button type="button" disabled={state.program === null} onClick={() => edit(null, 0)}>
            The lesson as it was
          </button>
        </p>
      </section>
      <section class="steps" aria-label="Calls">
        <p class="tools">
          <button type="button" onClick={() => go(0)} disabled={step === 0}>
            Begin
          </button>
          <button type="button" onClick={() => move(-1)} disabled={step === 0}>
            ◀ Back
          </button>
          <button type="button" onClick={() => move(1)} disabled={step === moments.length}>
            Next call ▶
          </button>
          <button type="button" onClick={() => go(moments.length)} disabled={step === moments.length}>
            End
          </button>
          <span>
            {step} of {moments.length}
          </span>
        </p>
        <ol class="calls">
          {moments.map((one, at) => (
            <Call
              key={one.line}
              moment={one}
              isMade={at < step}
              isNow={at === step - 1}
              differences={differences[at]?.length ?? 0}
              choose={() => go(at + 1)}
            />
          ))}
        </ol>
      </section>
      <section class="effect" aria-label="What it did">
        {moment === undefined ? <p>Before the first call. → makes the next one.</p> : <Effects moment={moment} />}
        {run === undefined ? null : <KernelBeside run={run} step={step} differences={differences[step - 1] ?? []} />}
        {[...(moment?.memory ?? begin)].map(([name, after]) => (
          <MemoryStrips
            key={name}
            name={name}
            before={memoryBefore(moments, step, begin).get(name)}
            after={after}
            differing={(differences[step - 1] ?? []).flatMap(({ process, page }) =>
              process === name && page !== null ? [page] : [],
            )}
          />
        ))}
      </section>
    </div>
  )
}

function memoryBefore(
  moments: readonly Moment[],
  step: number,
  begin: ReadonlyMap<string, Memory>,
): ReadonlyMap<string, Memory> {
  return step === 0 ? new Map() : (moments[step - 2]?.memory ?? begin)
}

/** One more call, at the end. */
function NewCall({ add }: { add: (call: string) => void }) {
  const [call, setCall] = useState('')
  return (
    <form
      class="new-call"
      onSubmit={(event) => {
        event.preventDefault()
        // What was typed last may not be drawn yet.
        const typed = String(new FormData(event.currentTarget).get('call'))
        if (typed.trim() !== '') add(typed)
        setCall('')
      }}
    >
      <input
        name="call"
        aria-label="One more call"
        placeholder="munmap(a, 4K)"
        value={call}
        spellcheck={false}
        onInput={(event) => setCall(event.currentTarget.value)}
      />
      <button type="submit">Make the call</button>
    </form>
  )
}

interface CallProps {
  readonly moment: Moment
  readonly isMade: boolean
  readonly isNow: boolean
  /** How much the running kernel made otherwise. */
  readonly differences: number
  readonly choose: () => void
}

function Call({ moment, isMade, isNow, differences, choose }: CallProps) {
  const { source, outcome } = moment
  return (
    <li class={isMade ? `made ${outcome.kind}` : 'coming'} aria-current={isNow ? 'step' : undefined}>
      <button type="button" class="call" onClick={choose}>
        <code>{source}</code>
        {isMade ? (
          <span class="outcome">
            {MARKS[outcome.kind]} {outcome.text}
          </span>
        ) : null}
        {isMade && differences > 0 ? <b class="differs">≠ the kernel</b> : null}
      </button>
    </li>
  )
}

function Effects({ moment }: { moment: Moment }) {
  const { source, outcome, by, why, effects, process } = moment
  return (
    <div class="effects">
      <h2>
        <code>{source}</code>
      </h2>
      <p class={`result ${outcome.kind}`}>
        {MARKS[outcome.kind]} {outcome.text}
        {by === '' ? null : (
          <>
            {' '}
            · decided by <code>{by}</code>
          </>
        )}
      </p>
      {why === undefined ? null : <p>{why}.</p>}
      {outcome.kind === 'done' && effects.size === 0 ? <p class="note">Nothing changed in any address space.</p> : null}
      <ul>
        {[...effects].flatMap(([name, found]) =>
          found.map(({ kind, text, by: function_ }) => (
            <li key={`${name} ${kind} ${text}`} class={kind}>
              {name === process ? null : <b>{name}: </b>}
              <b>{kind}</b> {text} <code>{function_}</code>
            </li>
          )),
        )}
      </ul>
    </div>
  )
}
