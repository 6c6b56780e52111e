// How pages of watched memory are shown and hidden, all under the region table's lock. Each answers 0 or a negative error number.
//
// Pages are hidden by PROT_NONE for a chunk of them at first. Where the kernel can put guard markers into maps of files (Linux 6.15), a
// chunk is opened when its first page is shown: each of its pages gets a marker, the chunk its protection, and from then on showing a page
// takes its marker away. So pages shown here and there make no areas. Elsewhere each run of shown pages is an area of its own.
//
// What containment calls runs in the signal handler: it changes bits and permissions, and allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "noted/guard-source.h"

namespace vmarea {

// ---- for whoever serves: both act on what the source watches, and where areas run out, hide all of it first ----

int show_pages_locked(GuardSource* source, uintptr_t start, uintptr_t end, bool writable);
int hide_pages_locked(GuardSource* source, uintptr_t start, uintptr_t end);
// What the program may do there from now on.
int set_watched_protection_locked(uintptr_t start, uintptr_t end, int protection);

// ---- for the rest of the addon ----

// mprotect for memory of which parts may be watched: their hidden pages stay hidden.
int protect_memory_locked(uintptr_t start, size_t length, int protection);

// ---- for containment ----

// Before a watched page moves away: it goes without permission. What hides it goes with it, and until something else is in its place an
// access would make it a page of zeros, in the file as well.
int conceal_page_locked(uintptr_t address, size_t length);
// The page moved away and back. Whatever was noted of it, it is hidden now.
void hide_returned_page_locked(uintptr_t address, size_t length);

}  // namespace vmarea
