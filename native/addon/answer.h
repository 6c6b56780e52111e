#pragma once

#include <errno.h>

#include <cstdint>

namespace vmarea {

// The answer of a system call: its result, or the negative error number.
inline int64_t answer(int64_t result) { return result == -1 ? -errno : result; }

}  // namespace vmarea
