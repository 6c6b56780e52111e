// Faults of watched memory where no userfaultfd catches them: the fault guard's handler queues them, and waits until whoever serves them
// has shown the page.
//
// `fault-queue.h` is where they meet, `wait-for-page.h` the handler's side, `watched-memory.h` what is noted of ranges and their pages,
// `shown-pages.h` how a page is shown and hidden, and `guard-source-calls.cc` what JavaScript has of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "noted/fault-queue.h"
#include "addon/futex.h"
#include "addon/thread-state.h"

namespace vmarea {

// Under the table's lock, save what the queue has for both sides.
struct GuardSource {
  ThreadState* owner = nullptr;  // the thread that serves; none when it is gone
  uint32_t id = 0;
  uint64_t timeout = kNever;  // nanoseconds
  bool marks = false;         // pages may be hidden by guard markers
  bool closed = false;
  bool awaited = false;       // once it is closed: another one is on its way, and who waits goes on waiting for that
  bool unserved = false;      // nobody took a fault for as long as one waits: until somebody does, none has to wait so long again
  size_t references = 1;      // the open source, its memories, and threads in the handler
  FaultQueue queue;
};

// The open source with this number, or nullptr.
GuardSource* guard_source_locked(double number);
// From now on it has a number. Sources that nobody has any more go at that: a handler can't delete them.
void add_guard_source_locked(GuardSource* source);
// Whether another source is on its way, for which who waits goes on waiting when the one with this number is closed. It may be closed
// already. False where there is none.
bool expect_guard_source_locked(double number, bool expected);
// Who waits for the source that comes after this one looks again.
void tell_awaiting_locked(GuardSource* source);
// Nobody serves any more: who waits fails, and so does whoever comes.
void close_guard_source_locked(GuardSource* source);

// The thread is gone: what it served fails from now on.
void release_guard_sources_of(ThreadState* state);

}  // namespace vmarea
