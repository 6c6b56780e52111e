// A heap that never moves: a tebibyte of addresses, of which only what is committed costs memory.
import { reserveMut } from 'vmarea'

const heap = reserveMut({ length: 2 ** 40 })
const chunk = 1 << 20
for (const index of [0, 7, 3]) {
  heap.commit(index * chunk, chunk)
  heap.view(index * chunk, chunk).fill(index)
}
console.log(heap.view(7 * chunk, 1)[0]) // 7
heap.decommit(7 * chunk, chunk) // the memory goes back, the addresses stay
heap.commit(7 * chunk, chunk)
console.log(heap.view(7 * chunk, 1)[0]) // 0
heap.unmap()
