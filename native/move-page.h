#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// Moves the page that is mapped at `from` over whatever is at `to`. `from` stays taken where the kernel can do that at once
// (Linux 5.13; never for huge pages); otherwise it is a hole for a moment. Answers whether it was left a hole.
enum class Moved { kNo, kKept, kHole };
Moved move_page(uintptr_t from, uintptr_t to, size_t length);

}  // namespace vmarea
