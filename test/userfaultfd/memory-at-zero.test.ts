// Memory at address 0 is memory like any other: what only asks for a feature of the kernel must not read it.
import { test } from 'node:test'
import { survives } from '../support/run-in-child.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison')

// In a child: what reads a page that only this thread could serve waits for ever.
test('a userfaultfd opens beside another that serves memory at address 0', { skip }, async (context) => {
  const output = await survives(`
    let memory
    try {
      memory = mapMut({ length: page, address: 0n, fixed: 'noreplace' })
    } catch (error) {
      if (error.code !== 'EPERM' && error.code !== 'EACCES') throw error
      console.log('refused')
      process.exit()
    }
    const server = vmarea.Userfaultfd.create()
    server.register(0n, page)
    const other = vmarea.Userfaultfd.create({ features: ['thread_id'] })
    other.close()
    server.close({ missing: 'zero' })
    console.log('opened')`)
  if (output.includes('refused')) context.skip('this user may not map address 0 (vm.mmap_min_addr)')
})
