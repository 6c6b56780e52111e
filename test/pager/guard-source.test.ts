import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { longRuns } from '../support/long-runs.js'
import { seed } from '../support/seed.js'
import { inChild } from './support/in-child.js'

interface Polled {
  reads: boolean[]
  one: boolean
  rings: number
  taken: number
  waited: number
}

/** With guard markers, where the kernel has them for maps of files, and without. */
for (const how of ['markers', 'permissions']) {
  describe(`the guard serves faults by ${how}`, { concurrency: 1 }, () => {
    // Without --long chosen calls run one way; by permissions, random ones and loads do.
    const skip = how === 'permissions' && !longRuns && 'repeats by permissions are for --long'
    const run = <T>(scenario: string, args: string[] = []): T => inChild<T>(scenario, { args: [how, ...args] })

    test('threads fault by the thousand: every byte is right, and no thread waits for ever', () => {
      const { wrong, faults, served } = run<Record<string, number>>('many-threads')
      assert.deepEqual([wrong, faults], [0, 0])
      assert.ok(served! >= 3 * 1500, `${served} served`)
    })

    test('10,000 pages here and there', () => {
      type Answer = { wrong: number; areas: number; markers: boolean; took: number; served: number }
      const { wrong, areas, markers } = run<Answer>('random-pages', [String(seed)])
      assert.equal(wrong, 0)
      // Two areas for each chunk of 4 MiB that is open, or for each page.
      if (markers) assert.ok(areas <= 2100, `${areas} areas`)
      else assert.ok(areas <= 20_100, `${areas} areas`)
    })

    test('random calls leave in every page what was put there', () => {
      for (const offset of longRuns ? [0, 1, 2] : [0]) {
        const { served } = run<{ served: number }>('random-calls', [String(seed + offset)])
        assert.ok(served > 0)
      }
    })

    test('a server that fails a page: the access says so, and the next one asks again', { skip }, () => {
      const { first, second, third, served } = run<Record<string, unknown>>('fails', ['fail'])
      assert.deepEqual(first, [true, 'driver', true, true])
      assert.deepEqual(second, ['driver', true, true])
      assert.deepEqual(third, ['driver', true, 2])
      assert.equal(served, 8)
    })

    test('a server that does not answer in time', { skip }, () => {
      const { first, took, zeros } = run<{ first: unknown; took: number; zeros: boolean }>('fails', ['timeout'])
      assert.deepEqual(first, ['driver', 'driver', 'driver'])
      assert.ok(took >= 450, `${took} ms`)
      assert.ok(zeros)
    })

    test('a server that throws: unserved pages fail at once, and served pages stay', { skip }, () => {
      const answer = run('fails', ['throws'])
      const first = [true, 'driver', 'driver', 'driver']
      assert.deepEqual(answer, { first, after: [true, 'driver'], error: 'the server failed' })
    })

    test('a server that is terminated with a fault in hand', { skip }, () => {
      assert.deepEqual(run('fails', ['terminated']), { first: 'driver', after: ['driver', 'driver'] })
    })

    test('a server that closes its source', { skip }, () => {
      assert.deepEqual(run('fails', ['closed']), { first: true, after: [true, 'driver', 'driver'] })
    })

    test('a server that ended is followed by another', { skip }, () => {
      assert.deepEqual(run('fails', ['restart']), {
        first: [true, true, null, 'driver'],
        dead: ['driver', 'driver'],
        after: [77, true, true, true, true],
        served: 4,
      })
    })

    test('an access that the protection forbids fails at once, is contained, and its page comes back', { skip }, () => {
      const { first, contained, after, none, served } = run<Record<string, unknown>>('fails', ['wrong'])
      assert.deepEqual(first, ['read-only', true, 'read-only'])
      assert.deepEqual(contained, ['read-only', 77, 1])
      assert.deepEqual(after, [true, true, true])
      assert.equal(none, 'no-access')
      assert.equal(served, 3) // page 0, the same as it came back, and page 1
    })

    test('a page past the end of the file', { skip }, () => {
      assert.deepEqual(run('fails', ['end']), {
        first: [true, 'past-end-of-file', 'past-end-of-file', true],
        served: 4,
      })
    })

    test('hidden pages fault again, and have kept what was in them', { skip }, () => {
      assert.deepEqual(run('calls', ['hide']), {
        first: [true, true, 'written'],
        seen: [0, 1],
        again: [true, true],
        seenAgain: [0, 1],
        served: 4,
      })
    })

    test('private copies stay the program’s own when their pages are hidden', { skip }, () => {
      assert.deepEqual(run('calls', ['private']), {
        first: [true, true, 'written'],
        again: [true, 99, true, true],
        seen: [0, 1, 0, 1, 2],
        served: 5,
      })
    })

    test('the first write to a page that was shown read-only is reported, and only that', { skip }, () => {
      const fault = (page: number, write: boolean, firstWrite: boolean) => ({ page, write, firstWrite })
      assert.deepEqual(run('calls', ['notify']), {
        first: [true, true, 'written', 7, 'written'],
        straight: ['written', 7],
        seen: [fault(0, false, false), fault(1, false, false), fault(0, true, true), fault(3, true, false)],
        again: [true, 'written', 9],
        seenAgain: [fault(0, false, false), fault(0, true, true)],
        forbidden: ['read-only', 'read-only', true],
        back: ['written', 'written'],
        seenLast: [fault(4, false, false), fault(1, true, true)],
      })
    })

    test('the program changes its protection, and what is hidden stays hidden', { skip }, () => {
      assert.deepEqual(run('calls', ['protect']), {
        first: [true, true],
        none: ['no-access', 'no-access', true],
        readable: [true, true, 'read-only', 'read-only'],
        both: ['written', 'written', true],
        odd: ['EINVAL', 'EINVAL'],
        seen: [0, 3, 5, 1, 2],
      })
    })

    test('memory that is unmapped while a thread waits in it', { skip }, () => {
      assert.deepEqual(run('calls', ['unmap']), { answer: 'ERR_VMAREA_UNMAPPED', after: 0, faults: 0 })
    })

    test('a source changes nothing about memory that another one serves', { skip }, () => {
      const after = [true, true, 'written']
      assert.deepEqual(run('calls', ['another']), { first: true, codes: [0, 0, 0, 0], after, seen: [0, 1, 2] })
    })

    test('a page that was covered comes back hidden, whatever became of its neighbours meanwhile', { skip }, () => {
      const answers = Object.entries(run<Record<string, unknown>>('covered'))
      assert.equal(answers.length, 16)
      for (const [name, answer] of answers) assert.deepEqual(answer, ['driver', true, true, true, true, true], name)
    })

    test('memory grows where it is, and the new pages are served', { skip }, () => {
      assert.deepEqual(run('calls', ['grow']), { first: [true, true], length: 9, grown: true, served: 3 })
    })

    test('advice: what would uncover pages is refused, populating serves them', { skip }, () => {
      assert.deepEqual(run('calls', ['advise']), {
        refused: ['EINVAL', 'EINVAL', 'EOPNOTSUPP'],
        populated: 'done',
        seen: [0, 1, 2, 3, 4, 5, 6, 7],
        forbidden: ['EINVAL', 'done'],
        dropped: ['done', true, 3],
      })
    })

    test('locking serves the pages first, and locked ones can be hidden', { skip }, () => {
      assert.deepEqual(run('calls', ['lock']), {
        first: 'done',
        seen: [0, 1, 2, 3],
        after: [true, true, true],
        seenAgain: [0, 5],
        lock: 'done',
      })
    })

    test('a system call on a page that is not shown fails with EFAULT', { skip }, () => {
      assert.deepEqual(run('calls', ['systemCall']), { hidden: 'EFAULT', shown: [true, 16], faults: 0 })
    })

    test('the thread that serves does not wait for itself', { skip }, () => {
      assert.deepEqual(run('calls', ['self']), {
        copied: ['ERR_VMAREA_WOULD_DEADLOCK', 'ERR_VMAREA_WOULD_DEADLOCK'],
        plain: 0,
        scoped: 'driver',
        after: ['done', 0, 0],
        twice: 'EBUSY',
        unwatched: [0, 'no-access'],
        closed: ['ERR_VMAREA_GUARD_RELEASED', 'ERR_VMAREA_GUARD_RELEASED'],
        dead: 'driver',
      })
    })

    test('an event loop sees faults, and another thread ends a wait', { skip }, () => {
      const { reads, one, rings, taken, waited } = run<Polled>('calls', ['poll'])
      assert.deepEqual([reads, one, taken], [[true, true, true, true], true, 0])
      assert.ok(rings >= 2, `${rings} rings`)
      assert.ok(waited >= 29, `${waited} ms`)
    })

    test('a region that is collected is watched no more', { skip }, () => {
      assert.deepEqual(run('calls', ['collect']), { watched: 1, shown: 0, left: 0, right: true })
    })

    test('a thread that is terminated as it waits ends when it is answered', { skip }, () => {
      assert.deepEqual(run('calls', ['terminate']), { code: 1, areas: true })
    })
  })
}

test('where areas run out, all pages are hidden once and fault again', () => {
  type Answer = { wrong: number; faults: number; touched: number; served: number; limit: number; most: number }
  const { wrong, faults, touched, served } = inChild<Answer>('area-limit', { args: ['permissions'], timeout: 120_000 })
  assert.deepEqual([wrong, faults], [0, 0])
  assert.ok(served > touched, `${served} of ${touched}`)
})
