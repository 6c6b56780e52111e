// The handles by which the JavaScript of one thread knows its userfaultfds, and closing them.
#pragma once

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// The thread's handle with this number, or nullptr.
Handle* handle_of(ThreadState* state, double number);
// Returns nullptr where this thread has the most handles that a number can distinguish.
Handle* new_handle_locked(ThreadState* state, Context* context, int descriptor);

// What happens to missing pages when the last handle of a userfaultfd is dropped.
enum class Missing { kZero, kPoison };

// Drops a handle whose descriptor is closed or handed out already. The last one frees the context.
void drop_handle(Handle* handle, Missing missing, bool thread_ends);

}  // namespace vmarea::uffd
