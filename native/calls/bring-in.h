// Pages that userfaultfds of this process serve, brought in by touching before a system call would wait for them in the kernel.
//
// The kernel would wait under whatever lock the caller holds, which the server of the pages may require, and until the server answers. A
// touch waits without a lock, and stops waiting where the thread is to end.
#pragma once

#include <cstdint>
#include <functional>

#include "addon/thread-state.h"

namespace vmarea {

// How a system call faults pages in. The two advices of madvise(2), and process_vm_readv(2), read or write up to the first hole or area that
// permits no such access. mlock(2) does nothing where the range has a hole, writes where a write makes a private copy, and stops at an area
// that permits no access; mlockall(2) does the same and passes over both.
enum class BringsIn { kReads, kWrites, kLocks, kLocksAll };

// The answer of a call that would wait for a fault that only the calling thread could answer. No error number of the kernel.
constexpr int kWouldWait = -4096;

// Whether the call would wait so.
bool would_wait(ThreadState* state, uintptr_t start, uintptr_t end, BringsIn how);

// Touches what is served in [start, end), as far as the call would. False where a page could not be brought in, or the call would stop.
bool bring_in(uintptr_t start, uintptr_t end, BringsIn how);

// Calls `part` for each part of [start, end), in order: whether it is served, and its range. Stops where `part` returns false.
void each_served_part(uintptr_t start, uintptr_t end, const std::function<bool(bool served, uintptr_t start, uintptr_t end)>& part);

}  // namespace vmarea
