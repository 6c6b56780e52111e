#pragma once

#include "call.h"

namespace vmarea {

extern const Function kProbeFunctions[];
extern const size_t kProbeFunctionCount;

}  // namespace vmarea
