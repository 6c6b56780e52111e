// How much memory one fault covers.
//
// A thread that reads past the end of a file has a fault at each page. After many faults in order, one fault also covers the pages behind
// it that fail in the same way, which is much cheaper. Other threads must get faults of their own, and the check must not wait for a
// server: where there are other threads or servers, a fault covers its page alone.
#pragma once

#include <cstdint>

#include "region/region.h"

namespace vmarea {

// The end of the run that begins with the page at `start`, whose access failed. Requires the region table's lock; for the signal handler.
uintptr_t end_of_run_locked(const Region* region, uintptr_t start, const Fault& fault);

}  // namespace vmarea
