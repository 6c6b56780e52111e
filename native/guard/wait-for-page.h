// The signal handler's side of watched memory. Async-signal-safe: it searches under the region table's lock, queues the fault in a slot
// of the source, and waits on a futex without the lock; it allocates nothing.
#pragma once

#include "addon/thread-state.h"

namespace vmarea {

enum class Waited {
  kElsewhere,  // the page is not watched, or shown: the guard handles the fault
  kRetry,      // the page is shown, or was absent for a moment, or the range is no longer watched: retry the access
  kFault,      // there is no page to wait for: the fault has the reason
};

// Waits for the page of a fault, and sets the fault's reason where the wait fails.
Waited wait_for_page(Fault* fault);

// While an object of this type exists, faults of this thread are not looked up, because it holds the table's lock.
struct NoWaiting {
  NoWaiting();
  ~NoWaiting();
};

}  // namespace vmarea
