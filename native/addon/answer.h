#pragma once

#include <errno.h>

#include <cstdint>

namespace vmarea {

// What a system call gave: its result, or the negative error number.
inline int64_t answer(int64_t result) { return result == -1 ? -errno : result; }

}  // namespace vmarea
