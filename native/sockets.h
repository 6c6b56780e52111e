// Unix sockets, as far as passing descriptors over them needs: Node itself can't.
#pragma once

#include "call.h"

namespace vmarea {

extern const Function kSocketFunctions[];
extern const size_t kSocketFunctionCount;

}  // namespace vmarea
