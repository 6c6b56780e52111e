// The signal handler's side of watched memory. Async-signal-safe: it looks things up under the region table's lock, queues the fault in a
// slot of the source's own, and waits on a futex without the lock; it allocates nothing.
#pragma once

#include "addon/thread-state.h"

namespace vmarea {

enum class Waited {
  kElsewhere,  // the guard's own business: not watched, or shown
  kRetry,      // the page is shown, or the range is watched no more
  kFault,      // there is no page to wait for: the fault says why
};

// Waits for the page of a fault, and fills in the reason where that is in vain.
Waited wait_for_page(Fault* fault);

// While one stands, a fault of this thread is not looked up: it holds the table's lock.
struct NoWaiting {
  NoWaiting();
  ~NoWaiting();
};

}  // namespace vmarea
