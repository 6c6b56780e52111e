// What the library notes about memory by its address, and what becomes of it when the memory goes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// The range was unmapped, moved away or replaced: nothing is registered, held or watched there any more, and who waits there is woken.
// The caller has the region table's lock.
void forget_range_locked(uintptr_t start, size_t length);

// Likewise, for what is registered nowhere but in this addon.
void forget_device_range_locked(uintptr_t start, size_t length);

// The area of a device that ended at `end` has grown in place: so has what is noted of it. The caller has the region table's lock.
void grow_range_locked(uintptr_t end, uintptr_t new_end);

}  // namespace vmarea
