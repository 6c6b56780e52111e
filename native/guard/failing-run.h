// How much memory one fault covers.
//
// Who reads on past the end of a file meets a fault at each page. After many in order, a fault covers as many pages more as fail likewise,
// at a small part of the price. Other threads are to meet faults of their own, and a touch must not wait for a server: where there are
// any, a fault covers its page alone.
#pragma once

#include <cstdint>

#include "region/region.h"

namespace vmarea {

// The end of the run that begins with the page at `start`, whose access failed. Requires the region table's lock; for the signal handler.
uintptr_t end_of_run_locked(const Region* region, uintptr_t start, const Fault& fault);

}  // namespace vmarea
