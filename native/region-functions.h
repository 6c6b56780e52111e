#pragma once

#include "call.h"
#include "region.h"

namespace vmarea {

// Answers a call with -EFAULT and the fault in the mailbox's results.
napi_value put_fault(Call& call, const Fault& fault);

extern const Function kRegionFunctions[];
extern const size_t kRegionFunctionCount;

}  // namespace vmarea
