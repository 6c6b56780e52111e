#pragma once

namespace vmarea {

// Starts a detached thread of our own, on which no signal arrives but its own faults. Answers 0 or a negative error number.
// The name is what tools show, of at most 15 bytes.
int start_own_thread(const char* name, void* (*run)(void*), void* argument);

}  // namespace vmarea
