// Reads that the server thread does not wait for: of a disk, or by JavaScript.
#pragma once

#include "addon/waiting-pool.h"
#include "guests/environment.h"
#include "guests/guest.h"

namespace vmarea::guests {

struct Request {
  GuestPointer guest;  // none where the guest is gone, or the time was over
  const GuestRegion* region = nullptr;
  uint64_t start = 0, length = 0;  // addresses
  uint64_t since = 0;
  std::vector<WaitingFault> demanded;  // the faults that wait for it, by the address of their page
  // One of the two ways.
  Script* script = nullptr;
  uint32_t slot = 0;
  std::shared_ptr<const MappedFile> file;
  uint64_t at = 0;
  int error = 0;
  bool is_prefetch = false;  // it began without a fault
  bool met_change = false;  // its answer met EAGAIN
  bool ready = false;  // read; it waits for the layout of the process to stand still
};

// Reads a part of a segment, whose bytes begin at `at`, for a fault or for the prefetch. Returns false where there is no room for one more.
bool ask(const GuestPointer& guest, const GuestRegion& region, uint64_t start, uint64_t length, const Segment& segment, uint64_t at,
         const WaitingFault* fault);
// Half of the room is kept for faults.
bool has_room_to_prefetch(const Guest& guest, const Segment& segment);

// On the server thread: the read is over, with an error number or 0.
void finish_read(Script* script, uint32_t slot, int error);
// The answers that met EAGAIN, again.
void retry_finished(Guest& guest);
// Fails what waits too long. Returns the time when the next one is due, or UINT64_MAX.
uint64_t fail_overdue(Guest& guest, uint64_t time);
// The guest is gone: forget its requests.
void abandon_requests(Guest& guest);
// JavaScript reads it no more: what is in flight fails.
void close_script(Script* script);

}  // namespace vmarea::guests
