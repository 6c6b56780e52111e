// Pages that userfaultfds of this process serve, brought in by touching before a system call would wait for them in the kernel.
//
// The kernel would wait under whatever lock the caller holds, which the server of the pages may require, and until the server answers. A
// touch waits without a lock, and stops waiting where the thread is to end.
#pragma once

#include <cstdint>
#include <functional>

#include "addon/thread-state.h"

namespace vmarea {

// How the call faults pages in: it reads, writes, or writes where a write makes a private copy, as mlock(2) does.
enum class BringsIn { kReads, kWrites, kCopies };

// Touches what is served in [start, end), up to the first hole or area that permits no such access, where the kernel stops too. With
// `passes_holes` it passes over those, as mlockall(2) does. False where a page could not be brought in.
bool bring_in(uintptr_t start, uintptr_t end, BringsIn how, bool passes_holes = false);

// Calls `part` for each part of [start, end), in order: whether it is served, and its range. Stops where `part` returns false.
void each_served_part(uintptr_t start, uintptr_t end, const std::function<bool(bool served, uintptr_t start, uintptr_t end)>& part);

}  // namespace vmarea
