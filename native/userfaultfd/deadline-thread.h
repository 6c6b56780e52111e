// The warden of userfaultfds: a thread of our own that fails each fault which has waited for longer than the deadline of its userfaultfd, or
// whose thread is to end.
//
// One a process, started with the first deadline. A fault costs it nothing: it looks at the contexts with a deadline, and at those whose
// faults tell their thread, now and then, and sleeps where there are none.
#pragma once

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// Makes sure that the warden watches. Answers a negative error number where its thread can't be had.
int start_warden_locked();

// The deadline of a context changed, or nobody serves it any more.
void call_warden();

}  // namespace vmarea::uffd
