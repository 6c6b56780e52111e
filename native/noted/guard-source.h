// Faults of watched memory without a userfaultfd: the fault guard's handler queues them, and waits until the server has shown the page.
//
// `fault-queue.h` connects the two sides, `wait-for-page.h` is the handler's side, `watched-memory.h` notes ranges and their pages,
// `shown-pages.h` shows and hides pages, and `guard-source-calls.cc` has the calls of JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>

#include "noted/fault-queue.h"
#include "addon/futex.h"
#include "addon/thread-state.h"

namespace vmarea {

// The table's lock guards all but the atomic members of the queue.
struct GuardSource {
  ThreadState* owner = nullptr;  // the thread that serves; nullptr once it has ended
  uint32_t id = 0;
  uint64_t timeout = kNever;  // nanoseconds
  bool marks = false;         // whether guard markers may hide pages
  bool closed = false;
  bool awaited = false;       // once it is closed: another source will follow, and waiters wait for it
  bool unserved = false;      // no fault was taken within the time limit of one: until one is taken, others do not wait that long again
  size_t references = 1;      // references by the open source, its memories, and threads in the handler
  FaultQueue queue;
};

// The open source with this number, or nullptr.
GuardSource* guard_source_locked(double number);
// Assigns a number to the source. Deletes unreferenced sources too, because a signal handler can't.
void add_guard_source_locked(GuardSource* source);
// Sets whether another source will follow the one with this number, which may be closed already, so that its waiters wait for it. False
// where no such source exists.
bool expect_guard_source_locked(double number, bool expected);
// Wakes the threads that wait for the source that follows this one.
void tell_awaiting_locked(GuardSource* source);
// Ends the service: pending and later faults fail.
void close_guard_source_locked(GuardSource* source);

// The thread has ended: faults that it served fail from now on.
void release_guard_sources_of(ThreadState* state);

}  // namespace vmarea
