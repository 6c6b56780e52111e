#pragma once

#include <cstdint>

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// Ends the wait for a page: the waiting access and each later one get a SIGBUS, until the page is resolved (`UFFDIO_CONTINUE` and
// `UFFDIO_COPY` replace poison) or zapped (`MADV_DONTNEED`). `flags` are those of the fault's message.
//
// Where the wait is for the right to write a private page, that right is granted, because poison would discard the page's bytes.
//
// Returns 0, or a negative error number: -EAGAIN to be called again, any other where there was nothing to fail and the waiters were woken.
int fail_page_locked(Context* context, uint64_t address, uint64_t flags);

// Whether the kernel supports poison: Linux 6.6.
bool has_poison(int descriptor);

}  // namespace vmarea::uffd
