// Userfaultfds of this process: the ioctls, the registered ranges, the readers, and the end of the last reader.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "addon/thread-state.h"

namespace vmarea {

// The number of userfaultfds of this process. With 0, the usual case, no other query about them is necessary.
extern std::atomic<size_t> userfaultfd_contexts;

// Whether an access of the calling thread to [start, start + length) would wait forever, for a fault that only this thread could answer.
bool access_waits_on_contexts(ThreadState* state, uintptr_t start, size_t length, bool write);
inline bool access_waits_for_itself(ThreadState* state, uintptr_t start, size_t length, bool write) {
  return userfaultfd_contexts.load(std::memory_order_relaxed) > 0 && access_waits_on_contexts(state, start, length, write);
}

// The parts of [start, end) that userfaultfds of this process serve, by address and apart.
struct UffdPart {
  uintptr_t start, end;
};
std::vector<UffdPart> registered_parts(uintptr_t start, uintptr_t end);

// The range was unmapped or moved away: drops its registrations and wakes its waiters, which an unmap does not do.
void forget_userfaultfd_range(uintptr_t start, size_t length);

// The area that ended at `end` has grown in place: extends its registration.
void grow_userfaultfd_range(uintptr_t end, uintptr_t new_end);

// Whether a userfaultfd of this process serves a part of the range.
bool is_registered(uintptr_t start, size_t length);

// The pages moved away and back, which removes their registration and their write protection: registers them again, and protects them
// again where they were. No thread may touch them meanwhile. False where the kernel refused: they are served no more.
bool restore_userfaultfd_range(uintptr_t start, size_t length, bool write_protected);

// The thread has ended: drops its handles and poisons missing pages that have no server any more. Runs before its memory is freed.
void release_userfaultfds_of(ThreadState* state);

}  // namespace vmarea
