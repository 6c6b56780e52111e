// A thread of our own that fails each fault which has waited for longer than the deadline of its userfaultfd, or whose thread is to end.
//
// One for each process, started with the first deadline. It costs a fault nothing: now and then the thread checks the contexts that have a
// deadline, and those whose faults name the thread that waits. It sleeps where there are none.
#pragma once

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// Starts the thread if it does not run. Returns a negative error number where it can't be started.
int start_deadline_thread_locked();

// Wakes the thread: the deadline of a context changed, or its server ended.
void wake_deadline_thread();

}  // namespace vmarea::uffd
