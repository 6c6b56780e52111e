#pragma once

#include "call.h"

namespace vmarea {

extern const Function kAsyncFunctions[];
extern const size_t kAsyncFunctionCount;

}  // namespace vmarea
