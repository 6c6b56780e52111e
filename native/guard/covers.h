// Covers: private memory that stands in for pages of a region whose access failed, so that the access continues and changes nothing.
//
// The invariants of containment. "Ours" means that the kernel can't assign the address to another mapping, because an area of this
// library is there.
//
// 1. Every address of a region is ours from the call that maps it to the call that unmaps it, without a moment between. A cover is set
// and removed by system calls that replace one area by another (MAP_FIXED, MREMAP_FIXED, MREMAP_DONTUNMAP), never by unmapping first.
//  2. MAP_FIXED and MREMAP_FIXED name only addresses that are ours at that instant: pages of a region in the table, or a place that was
//     mapped for this and is not unmapped yet. The region table's lock is held, so neither can change hands meanwhile.
// 3. mremap without MREMAP_DONTUNMAP frees the addresses of its source. It moves only from a place (which no pointer reaches) to a
// region, and the source is not touched again.
// 4. While a cover exists, the true bytes exist exactly once beside it: at `place`, in the file, or nowhere because there are none. A
// cover whose true pages can't be put back stays in the table, for the next try.
//  5. No other thread finds zeros where the true bytes are readable. Pages are moved away from under readers only where the kernel gives
//     the same bytes again at the next touch: from a file, or zeros where all bytes are zeros. Others are written where they are
//     (kCopied), after a copy of them was taken, or hidden before they move (watched memory).
// 6. The cost of a cover does not depend on the size of its region: a node of the table, the cover, and a place of the same length with a
// page on either side. Areas and addresses for the next cover are reserved beforehand (spare-areas.h), nodes as well (cover-table.h).
// Where the kernel has no more, the oldest cover is put back: its access fails once more and is contained again.
//  7. A cover is as executable as the pages that it stands for: another thread may be running there.
//  8. Pages that a userfaultfd serves lose their registration when they move (mremap_userfaultfd_prep in the kernel). No thread may touch
// them before they are registered again, because the kernel would make the missing ones itself: they come back without permission, get it
// afterwards, and accesses meanwhile are retried (region/absence.h).
//
// A cover is memory of the process, and the kernel reads and writes it for any thread that passes its address to a system call. So it
// exists no longer than the synchronous function in which the access failed: `access` removes its covers at its end, and the event loop
// those of accesses outside of one. This library's own system calls wait until the pages are uncovered (uncovered-copy.h).
// A call of another thread meanwhile succeeds where it would be EFAULT. The kernel gives no way around: page tables belong to the process;
// userfaultfd can refuse a page to system calls only while it is missing; the only rights that a thread has for itself are protection keys
// (docs/limits.md).
#pragma once

#include "region/cover-table.h"
#include "region/region.h"

namespace vmarea {

// Functions that end in _locked require the region table's lock. All of this runs in the signal handler.

// Covers the page of `region` at `page`, for a fault there. False where the kernel has no memory for it.
bool cover_page_locked(Region* region, uintptr_t page, const Fault& fault);

// Whether the kernel moves private pages of files without freeing their addresses: Linux 5.13.
bool can_move_file_pages();

bool is_covered_locked(uintptr_t address);
bool has_covers_locked(const Region* region);

// Puts the true pages back. Returns 0, or a negative error number with the cover still in place.
int uncover_locked(Region* region, const Cover& cover);
// The same for all covers of the region; stops at the first that fails.
int uncover_all_locked(Region* region);
// The region's memory was unmapped or replaced: frees the pages at the places of its covers.
void forget_covers_locked(Region* region);

}  // namespace vmarea
