// The fault guard: SIGSEGV and SIGBUS inside the library's regions are contained, all others go to the handler that was there before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "thread-state.h"

namespace vmarea {

// Puts the guard in front of whatever handler stands there now. Doing it again where it stands in front changes nothing.
int guard_install();

// memmove that stops at a bad page: answers the bytes copied and fills `fault` where they are fewer than `length`.
size_t guarded_copy(void* target, const void* source, size_t length, Fault* fault);

// Touches the byte as the access would. True where that works.
bool guarded_touch(uintptr_t address, bool write);

}  // namespace vmarea
