#include "guests/dirty.h"

#include <errno.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "addon/function-tables.h"
#include "guests/environment.h"
#include "guests/events.h"
#include "guests/server.h"
#include "guests/tables.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea {
namespace guests {

using namespace uffd;

int register_protection(const Guest& guest) {
  for (const GuestRegion& region : guest.regions) {
    UffdRegister argument = {region.start, region.length, kModeMissing | kModeWp, 0};
    if (ioctl(guest.descriptor, kRegister, &argument) != 0) return -errno;
  }
  return 0;
}

void begin_dirty(Guest& guest) {
  guest.dirty.assign((guest.states->count() + 63) / 64, 0);
  for (size_t index = 0; index < guest.states->count(); index++)
    if (guest.states->at(index) == kRemovedPage) mark_dirty(guest, index);
}

void mark_written(Guest& guest, uint64_t start, uint64_t end) {
  for (uint64_t address = start; address < end;) {
    const GuestRegion* region = region_at(guest, address);
    if (region == nullptr) return;
    mark_dirty(guest, index_of(*region, address));
    address += region->page - (address - region->start) % region->page;
  }
}

bool unprotect(Guest& guest, const GuestRegion& region, uint64_t address) {
  UffdProtect argument = {address, region.page, 0};
  if (ioctl(guest.descriptor, kWriteprotect, &argument) != 0 && errno == EAGAIN) return false;
  mark_dirty(guest, index_of(region, address));
  guest.statistics.counts[kUnprotected].add(1);
  return true;
}

namespace {

// Returns false while the layout of the process changes.
bool protect(const GuestPointer& guest, uint64_t start, uint64_t length) {
  UffdProtect argument = {start, length, kProtect};
  for (int attempt = 0; attempt < 64; attempt++) {
    if (ioctl(guest->descriptor, kWriteprotect, &argument) == 0 || errno != EAGAIN) return true;
    take_events(guest);  // the removal that is under way waits for it
    guest->parked = true;  // for faults that were read with it
  }
  return false;
}

// Protects the dirty pages first, so that a write from now on is noted. A run that can't be protected now stays dirty.
void protect_dirty(const GuestPointer& guest, std::vector<uint64_t>& dirty) {
  for (const GuestRegion& region : guest->regions) {
    size_t last = region.first + region.length / region.page;
    for (size_t index = region.first, end; index < last; index = end) {
      end = index + 1;
      if (!is_dirty(*guest, index)) continue;
      while (end < last && is_dirty(*guest, end)) end++;
      uint64_t start = region.start + (index - region.first) * region.page;
      if (!guest->protects_itself && !protect(guest, start, (end - index) * region.page)) continue;
      for (size_t page = index; page < end; page++) dirty[page / 64] &= ~(uint64_t{1} << page % 64);
    }
  }
}

}  // namespace

void copy_dirty(const GuestPointer& guest, bool reset) {
  std::vector<uint64_t> after = guest->dirty;
  if (reset && guest->mode == Guest::kServing) protect_dirty(guest, after);
  {
    std::lock_guard<std::mutex> lock(guest->record_mutex);
    guest->dirty_copy = guest->dirty;
  }
  guest->dirty = std::move(after);
  report(*guest, Report::kDirty);
}

namespace {

int ask_for_dirty(GivenGuest given, bool reset) {
  GuestPointer guest = given.guest;
  run_on_server([=] { copy_dirty(guest, reset); });
  return 0;
}

// A bit a page, the lowest of a byte first. Returns how many bytes there are.
int take_dirty(GivenGuest given, View<uint8_t> into) {
  std::lock_guard<std::mutex> lock(given.guest->record_mutex);
  const std::vector<uint64_t>& copy = given.guest->dirty_copy;
  size_t bytes = copy.size() * sizeof copy[0];
  std::copy_n(reinterpret_cast<const uint8_t*>(copy.data()), std::min(bytes, into.length), into.data);
  return static_cast<int>(bytes);
}

constexpr Function kFunctions[] = {
    {"guestAskForDirty", callback<ask_for_dirty>},
    {"guestTakeDirty", callback<take_dirty>},
};

}  // namespace
}  // namespace guests

const FunctionTable kGuestDirty(guests::kFunctions);

}  // namespace vmarea
