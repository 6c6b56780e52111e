// A copy on a thread of our own, which runs beside the region's thread and its containment: it must not read or write a cover instead of
// the true page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/thread-state.h"

namespace vmarea {

// As guarded_copy, for a copy of which one side is [memory, memory + length) of a region. While a page of it is covered inside a scope,
// waits until the true one is back; where the region has an unanswered fault, copies nothing and returns that fault.
size_t uncovered_copy(void* target, const void* source, size_t length, uintptr_t memory, Fault* fault);

}  // namespace vmarea
