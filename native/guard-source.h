// Faults of watched memory where no userfaultfd catches them: the fault guard's handler queues them, and waits until whoever serves them has
// shown the page.
//
// Watched memory is a map of a memory file. A page is hidden until it is shown, so that an access is a SIGSEGV, which the guard takes to
// `wait_for_page`. All that is noted of watched ranges is under the region table's lock, which the handler takes too.
//
// Pages are hidden by PROT_NONE for a chunk of them at first. Where the kernel can put guard markers into maps of files (Linux 6.15), a
// chunk is opened when its first page is shown: each of its pages gets a marker, the chunk its protection, and from then on showing a page
// takes its marker away. So pages shown here and there make no areas. Elsewhere each run of shown pages is an area of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "call.h"
#include "thread-state.h"

namespace vmarea {

// How many watched ranges there are. Mostly none, and then every other question is answered.
extern std::atomic<size_t> watched_ranges;

enum class Waited {
  kElsewhere,  // the guard's own business: not watched, or shown
  kRetry,      // the page is shown, or the range is watched no more
  kFault,      // there is no page to wait for: the fault says why
};

// In the signal handler: waits for the page of a fault, and fills in the reason where that is in vain.
Waited wait_for_page(Fault* fault);

// While one stands, a fault of this thread is not looked up: it holds the table's lock.
struct NoWaiting {
  NoWaiting();
  ~NoWaiting();
};

// mprotect for memory of which parts may be watched: their hidden pages stay hidden. Answers 0 or a negative error number.
int protect_memory_locked(uintptr_t start, size_t length, int protection);
// What is unmapped or replaced is watched no more.
void forget_watched_locked(uintptr_t start, uintptr_t end);
// The map that ended at `end` has grown in place.
void grow_watched_locked(uintptr_t end, uintptr_t new_end);
bool is_watched_locked(uintptr_t address);
// Whether the program may touch all that is watched in the range.
bool is_allowed(uintptr_t start, uintptr_t end, bool write);
// Whether the page is watched, and not shown: nobody may touch it under the lock.
bool is_hidden_locked(uintptr_t address);
// Before a watched page moves away: it goes without permission. What hides it goes with it, and until something else is in its place an
// access would make it a page of zeros, in the file as well. Answers 0 or a negative error number.
int conceal_page_locked(uintptr_t address, size_t length);
// The page moved away and back. Whatever was noted of it, it is hidden now.
void hide_returned_page_locked(uintptr_t address, size_t length);

// The thread is gone: what it served fails from now on.
void release_guard_sources_of(ThreadState* state);

extern const Function kGuardSourceFunctions[];
extern const size_t kGuardSourceFunctionCount;

}  // namespace vmarea
