// Updating what the library notes about memory by its address, when the memory is unmapped, moved or grown.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// The range was unmapped, moved away or replaced: forgets what is registered, held or watched there, and wakes its waiters. The caller
// holds the region table's lock.
void forget_range_locked(uintptr_t start, size_t length);

// The same, for what only this addon keeps.
void forget_device_range_locked(uintptr_t start, size_t length);

// The area of a device that ended at `end` has grown in place: extends what is noted for it. The caller holds the region table's lock.
void grow_range_locked(uintptr_t end, uintptr_t new_end);

}  // namespace vmarea
