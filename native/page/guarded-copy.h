// Copies and touches that may fault: the signal handler recognizes them by their instruction and continues after the access.
//
// So a guarded access has no cost before a fault: no jump buffer, no state of the thread; and the position where it stopped is exact to
// the byte.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// memmove that stops at a bad page: returns the number of bytes copied, and fills `fault` where that is smaller than `length`.
size_t guarded_copy(void* target, const void* source, size_t length, Fault* fault);

// Touches the byte as the access would, without changing it. True where that works.
bool guarded_touch(uintptr_t address, bool write);

// In the signal handler: if the context is in a guarded access, fills the fault and continues after that access.
bool leave_guarded_access(ucontext_t* context, const Fault& fault);

// The instruction that a signal interrupted.
uintptr_t program_counter(const ucontext_t* context);

}  // namespace vmarea
