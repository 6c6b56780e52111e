// Copies and touches that may fault: the signal handler knows them by their place in the code and sends them on behind the access.
//
// So a guarded access costs nothing beforehand: no buffer to jump through, no state of the thread, and the place where it stopped is
// exact to the byte.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// memmove that stops at a bad page: answers the bytes copied and fills `fault` where they are fewer than `length`.
size_t guarded_copy(void* target, const void* source, size_t length, Fault* fault);

// Touches the byte as the access would, without changing it. True where that works.
bool guarded_touch(uintptr_t address, bool write);

// In the signal handler: where the context stands in a guarded access, notes the fault and makes it go on behind that access.
bool leave_guarded_access(ucontext_t* context, const Fault& fault);

// The instruction that a signal interrupted.
uintptr_t program_counter(const ucontext_t* context);

}  // namespace vmarea
