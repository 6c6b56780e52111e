// Poison in memory of userfaultfds: an access that no server will answer gets a SIGBUS instead of silently reading zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// Returns 0 or a negative error number.
int wake_range(int descriptor, uint64_t start, uint64_t length);

// Poisons missing pages in the ranges, skips present ones, and wakes waiters. Reads the queued events.
void poison_ranges(int descriptor, const std::vector<Range>& ranges, bool own_memory);

}  // namespace vmarea::uffd
