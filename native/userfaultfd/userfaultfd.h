// Userfaultfds of this process: the ioctls, what is registered, who reads, and what happens when nobody does any more.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// How many userfaultfds this process has. Mostly none, and then every other question about them is answered.
extern std::atomic<size_t> userfaultfd_contexts;

// True where an access of the calling thread to [start, start + length) would wait for a fault that only this very thread could
// answer, so that it would wait for ever.
bool access_waits_on_contexts(ThreadState* state, uintptr_t start, size_t length, bool write);
inline bool access_waits_for_itself(ThreadState* state, uintptr_t start, size_t length, bool write) {
  return userfaultfd_contexts.load(std::memory_order_relaxed) > 0 && access_waits_on_contexts(state, start, length, write);
}

// The range was unmapped or moved away: nothing is registered there any more, and who waits there is woken, which an unmap does not do.
void forget_userfaultfd_range(uintptr_t start, size_t length);

// The area that ended at `end` has grown in place, and its registration with it.
void grow_userfaultfd_range(uintptr_t end, uintptr_t new_end);

// The page moved away and back, which costs it its registration: what was registered there is registered again.
void restore_userfaultfd_range(uintptr_t start, size_t length);

// The thread is gone: its handles go, and what nobody will serve any more is poisoned. Before its memory goes.
void release_userfaultfds_of(ThreadState* state);

}  // namespace vmarea
