// Keeps the fault guard in front where JavaScript can't learn that libuv's handler was installed.
#pragma once

namespace vmarea {

// Checks once a second, on a thread of its own, until the main thread listens. Returns 0 or a negative error number.
int keep_guard_in_front();
// The main thread learns of each handler that Node installs: stops the checks.
void main_thread_listens();

}  // namespace vmarea
