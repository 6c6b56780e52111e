// Queries about memory of this process that never wait for the server of its faults. Safe in a signal handler.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// Copies present memory, whatever its permission, and returns the number of bytes. It stops at a page that would have to be served.
size_t copy_present(void* target, uintptr_t address, size_t length);

// The same, of the true pages where pages are covered. Not for the signal handler.
size_t copy_true_pages(void* target, uintptr_t address, size_t length);

// Writes to private memory, whatever its permission, and returns the number of bytes.
size_t write_hidden(uintptr_t address, const void* bytes, size_t length);

// True where a read is allowed and a write is not.
bool is_read_only(uintptr_t address);

}  // namespace vmarea
