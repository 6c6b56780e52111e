// Showing and hiding pages of watched memory, all under the region table's lock. Each returns 0 or a negative error number.
//
// Pages are hidden by PROT_NONE for a chunk of them at first. Where the kernel can put guard markers into maps of files (Linux 6.15), a
// chunk is opened when its first page is shown: each of its pages gets a marker, the chunk its protection, and from then on showing a page
// takes its marker away. So scattered shown pages make no areas. Elsewhere each run of shown pages is an area of its own.
//
// The functions that containment calls run in the signal handler: they change bits and permissions, and allocate nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "noted/guard-source.h"
#include "page/newer-kernel.h"

namespace vmarea {

// ---- for the server: both act on memory that the source watches, and at the limit of areas hide all of it first ----

int show_pages_locked(GuardSource* source, uintptr_t start, uintptr_t end, bool writable);
int hide_pages_locked(GuardSource* source, uintptr_t start, uintptr_t end);
// Sets what the program may do there from now on.
int set_watched_protection_locked(uintptr_t start, uintptr_t end, int protection);

// ---- for the rest of the addon ----

// After the program has dropped pages. A page that the driver put in is gone from a map by that, and the next access is a fault; without a
// userfaultfd the kernel would map the same page again.
int hide_zapped_pages(uintptr_t start, uintptr_t end);
inline bool is_zap(int advice) { return advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED; }
// mprotect for memory that may be watched in parts: hidden pages stay hidden.
int protect_memory_locked(uintptr_t start, size_t length, int protection);

// ---- for containment ----

// Called before a watched page moves away: takes its permission. Its marker moves with it, and until another area takes its place an
// access would make a page of zeros, in the file as well.
int conceal_page_locked(uintptr_t address, size_t length);
// Called after the page moved away and back: it is hidden now, whatever was noted before.
void hide_returned_page_locked(uintptr_t address, size_t length);

}  // namespace vmarea
