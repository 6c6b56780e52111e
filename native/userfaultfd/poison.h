// Poison in memory of userfaultfds: an access that nobody will serve is told a fault, and reads no zeros in silence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// Answers 0 or a negative error number.
int wake_range(int descriptor, uint64_t start, uint64_t length);

// Poisons what is missing in the ranges, passes over what is there, and wakes who waits. Reads the events that are queued.
void poison_ranges(int descriptor, const std::vector<Range>& ranges, bool own_memory);

}  // namespace vmarea::uffd
