#pragma once

namespace vmarea {

// Starts a detached thread of our own, which receives no signal but its own faults. Returns 0 or a negative error number. Tools show the
// name, which has at most 15 bytes.
int start_own_thread(const char* name, void* (*run)(void*), void* argument);

}  // namespace vmarea
