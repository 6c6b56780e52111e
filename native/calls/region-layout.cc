// Mapping, changing and unmapping regions: each call changes the address space and the region table together, under the layout lock.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lifetime/address-root.h"
#include "guard/containment.h"
#include "lifetime/forget-range.h"
#include "addon/function-tables.h"
#include "guard/covers.h"
#include "guard/guard.h"
#include "calls/emulated-calls.h"
#include "calls/leaves-room.h"
#include "noted/emulated-flags.h"
#include "page/newer-kernel.h"
#include "page/page-size.h"
#include "region/region-call.h"
#include "guard/shown-pages.h"
#include "region/spare-areas.h"

namespace vmarea {
namespace {

// The flags of mmap for pages of this size.
int huge_flags(size_t page) { return page == page_size() ? 0 : MAP_HUGETLB | __builtin_ctzll(page) << 26; }

// The descriptor that the region keeps, so that containment can map its pages again. It is for memory whose pages can't move without
// freeing their addresses. -1 where none is required, or a negative error number below -1.
int file_to_keep(int flags, int descriptor, size_t page) {
  if (descriptor < 0 || (page == page_size() && ((flags & MAP_SHARED) != 0 || can_move_file_pages()))) return -1;
  int kept = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return kept >= 0 ? kept : -errno - 1;
}

// A memory file instead of the kernel's own for shared anonymous huge pages, which could not be mapped again.
int new_huge_file(size_t length, size_t page) {
  int file = static_cast<int>(syscall(SYS_memfd_create, "anon_hugepage", MFD_CLOEXEC | MFD_HUGETLB | __builtin_ctzll(page) << 26));
  if (file < 0) return -errno;
  if (ftruncate(file, static_cast<off_t>(length)) == 0) return file;
  int error = -errno;
  close(file);
  return error;
}

// Calls mmap and makes a region of the range. results[0] is the start.
double map_region(ThreadState* state, uint64_t address, size_t length, int protection, int flags, int descriptor, int64_t offset,
                  size_t page) {
  if (page == 0 || (page & (page - 1)) != 0 || length == 0 || length > SIZE_MAX / 2) return -EINVAL;
  give_back_deferred(state);
  // Another addon may have put its handler in front of ours. Checking takes two system calls, so it is not done every time.
  if (state->mappings++ % 64 == 0) {
    int error = guard_install();
    if (error != 0) return error;
  }
  if (!leaves_room(state)) return -ENOMEM;
  size_t whole = (length + page - 1) & ~(page - 1);
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  if ((flags & MAP_FIXED) != 0 && (flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE) {
    TableLock lock;
    if (overlaps_locked(address, address + whole)) return -EBUSY;
  }
  int own = -1;
  if (page != page_size() && descriptor < 0 && (flags & MAP_SHARED) != 0) {
    own = new_huge_file(whole, page);
    if (own < 0) return own;
    descriptor = own;
    flags &= ~MAP_ANONYMOUS;
  }
  int file = own >= 0 ? own : file_to_keep(flags, descriptor, page);
  if (file < -1) return file + 1;
  // With MAP_FIXED the caller replaces a range. It contains no region of this library; the caller answers for other memory.
  void* place = mmap(at(address), whole, protection, flags, descriptor, offset);
  if (place == MAP_FAILED) {
    int error = -errno;
    if (file >= 0) close(file);
    return error;
  }
  uintptr_t start = reinterpret_cast<uintptr_t>(place);
  // A kernel before 4.17 treats NOREPLACE as a hint.
  if ((flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE && start != address) {
    munmap(place, whole);
    if (file >= 0) close(file);
    return -EEXIST;
  }
  Region* region = new_region(state, start, start + whole, page);
  region->map_flags = flags;
  region->file = file;
  region->file_offset = offset;
  {
    TableLock lock;
    table_locked().emplace(start, region);
    take_spare_areas_locked(page);
  }
  state->shared_results.results[0] = static_cast<double>(start);
  return region->handle;
}

int protect_region(ThreadState* state, RegionPart part, int protection, int previous) {
  // A part becomes an area of its own.
  if (part.length < part.region->length() && !leaves_room(state)) return -ENOMEM;
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  int refusal = emulated_protection_refusal(part.start, part.length, protection);
  if (refusal != 0) return refusal;
  TableLock lock;
  int covered = uncover_all_locked(part.region);
  if (covered != 0) return covered;
  int error = protect_memory_locked(part.start, part.length, protection);
  if (error != 0) protect_memory_locked(part.start, part.length, previous);  // undo the areas before the one that failed
  return error;
}

int replace_region(ThreadState* state, RegionPart part) {
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  TableLock lock;
  int covered = uncover_all_locked(part.region);
  if (covered != 0) return covered;
  // Replaces a part of a region, under the table's lock.
  int flags = kNothing | MAP_FIXED | huge_flags(part.region->page);
  if (mmap(at(part.start), part.length, PROT_NONE, flags, -1, 0) == MAP_FAILED) return -errno;
  forget_range_locked(part.start, part.length);
  return 0;
}

// Removes covers before the region changes its extent. It changes areas and requires the layout lock.
int uncover_before(ThreadState* state, Region* region) {
  {
    TableLock lock;
    if (!has_covers_locked(region)) return 0;
  }
  LayoutWriter writer(&state->holds);
  if (writer.error != 0) return writer.error;
  TableLock lock;
  return uncover_all_locked(region);
}

double split_region(ThreadState* state, Region* region, size_t offset) {
  if (offset == 0 || offset >= region->length() || offset % region->page != 0) return -EINVAL;
  int error = uncover_before(state, region);
  if (error != 0) return error;
  int file = region->file < 0 ? -1 : fcntl(region->file, F_DUPFD_CLOEXEC, 0);
  if (region->file >= 0 && file < 0) return -errno;
  Region* rest = new_region(state, region->start + offset, region->end, region->page);
  rest->map_flags = region->map_flags;
  rest->file = file;
  rest->file_offset = region->file_offset + static_cast<int64_t>(offset);
  if (leased(region)) join_root(rest, root_of(region->root));
  TableLock lock;
  region->end = rest->start;
  table_locked().emplace(rest->start, rest);
  return rest->handle;
}

int absorb_region(ThreadState* state, Region* region, Region* next) {
  if (region->end != next->start || region->page != next->page) return -EINVAL;
  int error = uncover_before(state, region);
  if (error == 0) error = uncover_before(state, next);
  if (error != 0) return error;
  {
    TableLock lock;
    if (!may_merge_emulated_locked(region->end)) return -EINVAL;
  }
  if (next->root != nullptr) {
    AddressRoot* mine = ensure_root(region);
    AddressRoot* other = root_of(next->root);
    if (other != mine) join_roots(mine, other);
  }
  {
    TableLock lock;
    settle_locked(next);
    next->close_file_locked();
    table_locked().erase(next->start);
    region->end = next->end;
    region->faults += next->faults;
  }
  take_slot(next);
  leave_root(next);
  delete next;
  return 0;
}

int unmap_region_call(ThreadState* state, RegionIfAny handle) {
  if (handle.region == nullptr) return 0;
  LayoutWriter writer(&state->holds);
  return writer.error != 0 ? writer.error : unmap_region(handle.region);
}

constexpr Function kFunctions[] = {
    {"mapRegion", callback<map_region>},
    {"protectRegion", callback<protect_region>},
    {"replaceRegion", callback<replace_region>},
    {"splitRegion", callback<split_region>},
    {"absorbRegion", callback<absorb_region>},
    {"unmapRegion", callback<unmap_region_call>},
};

}  // namespace

const FunctionTable kRegionLayout(kFunctions);

}  // namespace vmarea
