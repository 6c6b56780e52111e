#pragma once

#include "call.h"

namespace vmarea {

extern const Function kProcTextFunctions[];
extern const size_t kProcTextFunctionCount;

}  // namespace vmarea
