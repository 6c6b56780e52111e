#pragma once

namespace vmarea {

// Starts a detached thread of our own, on which no signal arrives but its own faults. Answers 0 or a negative error number.
int start_own_thread(void* (*run)(void*), void* argument);

}  // namespace vmarea
