// The fault guard: SIGSEGV and SIGBUS inside the library's regions are contained, all others go to the handler that was there before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// Puts the guard in front of whatever handler stands there now. Doing it again where it stands in front changes nothing.
int guard_install();

}  // namespace vmarea
