#pragma once

#include "call.h"

namespace vmarea {

extern const Function kProcessMemoryFunctions[];
extern const size_t kProcessMemoryFunctionCount;

}  // namespace vmarea
