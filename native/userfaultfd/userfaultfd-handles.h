// What JavaScript knows userfaultfds by: the handles of one thread, and how one goes.
#pragma once

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// The handle with this number of the thread, or nullptr.
Handle* handle_of(ThreadState* state, double number);
// Answers nullptr where this thread has as many as a number can tell apart.
Handle* new_handle_locked(ThreadState* state, Context* context, int descriptor);

// What becomes of the missing pages with the last way to a userfaultfd.
enum class Missing { kZero, kPoison };

// The descriptor of the handle is closed or handed out already. What was the last way to the userfaultfd takes the rest with it.
void drop_handle(Handle* handle, Missing missing, bool thread_ends);

}  // namespace vmarea::uffd
