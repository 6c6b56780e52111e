// Keeps the fault guard in front where JavaScript can't be told that libuv's handler came.
#pragma once

namespace vmarea {

// Looks once a second, on a thread of its own, until the main thread listens. Answers 0 or a negative error number.
int keep_guard_in_front();
// The main thread is told of each handler that Node installs: nobody need look.
void main_thread_listens();

}  // namespace vmarea
