#pragma once

#include <cstdint>

#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::uffd {

// Ends the wait for a page: the access that waits, and each later one, is told a fault, until the page is answered (`UFFDIO_CONTINUE`
// and `UFFDIO_COPY` go over poison) or zapped (`MADV_DONTNEED`). `flags` are those of the fault's message.
//
// Where the wait is for the right to write a page that is nowhere but here, that right is given: to poison it would lose what it holds.
//
// Answers 0, or a negative error number: -EAGAIN to be asked again, any other where there was nothing to fail, and who waited was woken.
int fail_page_locked(Context* context, uint64_t address, uint64_t flags);

// Whether the kernel has poison: Linux 6.6.
bool has_poison(int descriptor);

}  // namespace vmarea::uffd
