#pragma once

#include "call.h"

namespace vmarea {

extern const Function kSystemCallFunctions[];
extern const size_t kSystemCallFunctionCount;

}  // namespace vmarea
