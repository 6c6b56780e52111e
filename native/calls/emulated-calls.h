// The memory system calls as the kernel would answer them if its areas had the flags that the library holds (noted/emulated-flags.h).
// Without held flags they are the calls themselves. Each returns the result or a negative error number; where the call changes the
// layout, the caller holds the layout lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// -EACCES where a part of the range may never have this protection; else 0.
int emulated_protection_refusal(uintptr_t start, size_t length, int protection);
int emulated_mprotect(uintptr_t address, size_t length, int protection);
int64_t emulated_mremap(uintptr_t address, size_t old_length, size_t new_length, int flags, uintptr_t new_address);
int emulated_madvise(uintptr_t address, size_t length, int advice);
int64_t emulated_process_madvise(int process, uintptr_t address, size_t length, int advice);
// Takes the layout lock itself: it waits for the pages, and their server may require that lock.
int emulated_mlock2(ThreadState* state, uintptr_t address, size_t length, int flags);
int emulated_mlockall(int flags);

// Why the area that ends here can't grow: -EFAULT where it may not, -ENOMEM where it would have to move, which a device's memory can't;
// or 0.
int emulated_growth_refusal(uintptr_t end);
// mremap(2) without MREMAP_MAYMOVE for device memory, with its results. The caller holds the region table's lock.
void* grow_in_place_locked(uintptr_t start, size_t length, size_t new_length);

}  // namespace vmarea
