// The records of this process about its userfaultfds: their holders, their registered ranges, and the faults that were read and not
// answered.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "addon/thread-state.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::uffd {

struct Range {
  uintptr_t start, end;
  uint64_t mode;
};

// A fault that was read and is not answered yet.
struct UnansweredFault {
  uint64_t address, flags;
  uint32_t thread;
  uint64_t since;  // nanoseconds
  bool by_deadline_thread;  // the deadline thread read it: no server has seen it
};

enum Failure : uint8_t { kTimeout, kNoServer, kItself };

// A page that the deadline thread poisoned, or whose protection it lifted where there was nothing to poison.
struct FailedFault {
  uint64_t address;
  Failure reason;
};

struct Handle;

// One userfaultfd, which may have several descriptors. `mutex` guards all of it.
struct Context {
  int keeper = -1;     // a duplicate of our own, so that a descriptor lost by accident does not let missing pages become zeros
  int interrupt = -1;  // an eventfd that ends waits
  uint32_t interrupts = 0;
  std::atomic<uint64_t> features{0};
  bool own_memory = false;  // the memory is known to be this process's
  bool exposed = false;     // other code may have the descriptor's number
  bool sent = false;        // another process has the descriptor
  bool ranges_unknown = false;  // another process has registered ranges that are not known here
  bool keep_waiting = false;  // do not poison when the last thread that reads ends
  std::vector<Handle*> handles;
  std::vector<int> loose;  // descriptors that were handed out and not adopted again
  std::vector<Range> ranges;  // by address, apart
  std::vector<UnansweredFault> unanswered;
  std::atomic<size_t> unanswered_count{0};  // their number, to be read without the lock

  std::atomic<uint32_t> reads{0};  // reads by servers, with or without a message
  uint64_t deadline = 0;           // nanoseconds that a fault may wait; 0 is no limit
  std::vector<FailedFault> failed;
  std::vector<UffdMessage> missed_events;  // layout events that no server has seen
  // State of the deadline thread.
  bool unserved = false;      // no server reads: each fault fails at once, until one reads again
  uint32_t seen_reads = 0;    // `reads` at its last check
  bool read_by_us = false;    // the deadline thread read the messages: their faults are sent again
  uint64_t unread_since = 0;  // nanoseconds: since when a message waits that no server reads; 0 without one
};

// The handle of one JavaScript object.
struct Handle {
  Context* context;
  int descriptor;
  ThreadState* owner;
  uint32_t number;
  uint32_t seen_interrupts = 0;
  std::atomic<bool> reads{false};  // the reading thread sets it without the lock
  uint32_t reader = 0;  // the kernel's number of the thread that read last
  int waits_first = 0;  // how many of the next waits poll before they read
};

// Never destroyed: threads of our own use them until the process ends.
std::mutex& mutex();
using Lock = std::lock_guard<std::mutex>;
std::vector<Context*>& contexts();

void remove_range(std::vector<Range>& ranges, uintptr_t start, uintptr_t end);
// As in the kernel: nothing changes where all the modes are set already; elsewhere they replace the former ones.
void register_modes(std::vector<Range>& ranges, Range added);

// Nanoseconds.
uint64_t now();

// Whether one of the handles reads. Its thread is alive: the end of a thread removes its handles.
bool is_read_locked(const Context* context);
// Whether the thread, by the kernel's number, is a reader: its own faults would wait for itself. Faults contain the number only with the
// feature.
bool reads_locked(const Context* context, uint32_t thread);

// Notes the faults among messages that were read, and what their events say about the ranges.
void note_messages_locked(Context* context, const uint8_t* bytes, size_t length, bool by_deadline_thread = false);
// The range was answered: removes its faults.
void note_answer(Context* context, uint64_t start, uint64_t length);
void note_answer_locked(Context* context, uint64_t start, uint64_t length);

}  // namespace vmarea::uffd
