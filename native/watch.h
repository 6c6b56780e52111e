// Waiting for descriptors without blocking JavaScript: one thread of the process polls for all, and calls into the event loop.
#pragma once

#include "call.h"
#include "thread-state.h"

namespace vmarea {

extern const Function kWatchFunctions[];
extern const size_t kWatchFunctionCount;

}  // namespace vmarea
