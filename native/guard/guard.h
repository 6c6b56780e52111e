// The fault guard: SIGSEGV and SIGBUS inside the library's regions are contained, all others are passed to the handler that was installed
// before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// Installs the guard in front of the current handler. Does nothing where it is in front already.
int guard_install();

}  // namespace vmarea
