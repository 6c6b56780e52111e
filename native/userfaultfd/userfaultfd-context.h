// What this process knows about its userfaultfds: who holds them, what is registered, which faults were read and not answered.
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

// A fault that was read and has no answer yet.
struct UnansweredFault {
  uint64_t address, flags;
  uint32_t thread;
  uint64_t since;  // nanoseconds
  bool by_warden;  // nobody who serves has seen it
};

enum Failure : uint8_t { kTimeout, kNoServer, kItself };

// A page that the warden poisoned, or whose protection it lifted where there was nothing to poison.
struct FailedFault {
  uint64_t address;
  Failure reason;
};

struct Handle;

// One userfaultfd, however many descriptors lead to it. Under `mutex`, all of it.
struct Context {
  int keeper = -1;     // a duplicate of our own, so that a descriptor lost by accident does not let missing pages become zeros
  int interrupt = -1;  // an eventfd that ends waits
  uint32_t interrupts = 0;
  std::atomic<uint64_t> features{0};
  bool own_memory = false;  // the memory is known to be this process's
  bool exposed = false;     // others may have the descriptor's number
  bool sent = false;        // another process has the descriptor
  bool ranges_unknown = false;  // another process has registered what can't be seen from here
  bool keep_waiting = false;  // do not poison when the last thread that reads ends
  std::vector<Handle*> handles;
  std::vector<int> loose;  // descriptors that were handed out and not taken over again
  std::vector<Range> ranges;  // by address, apart
  std::vector<UnansweredFault> unanswered;
  std::atomic<size_t> unanswered_count{0};  // of them, to be read without the lock

  std::atomic<uint32_t> reads{0};  // by those who serve, whether there was something or not
  uint64_t deadline = 0;           // nanoseconds that a fault may wait; 0 for ever
  std::vector<FailedFault> failed;
  std::vector<UffdMessage> missed_events;  // of the layout, which nobody who serves has seen
  // The warden's.
  bool unserved = false;      // nobody reads any more: each fault fails at once, until somebody reads again
  uint32_t seen_reads = 0;    // of `reads`, at its last look
  bool read_by_us = false;    // at its last look: what was read comes again
  uint64_t unread_since = 0;  // nanoseconds; since when there is something to read and nobody reads. 0: there is not
};

// What one JavaScript object holds.
struct Handle {
  Context* context;
  int descriptor;
  ThreadState* owner;
  uint32_t number;
  uint32_t seen_interrupts = 0;
  std::atomic<bool> reads{false};  // set by the thread that reads, without the lock
  uint32_t reader = 0;  // the kernel's number of the thread that read last
};

// Never destroyed: threads of our own use them until the process is gone.
std::mutex& mutex();
using Lock = std::lock_guard<std::mutex>;
std::vector<Context*>& contexts();

void remove_range(std::vector<Range>& ranges, uintptr_t start, uintptr_t end);
// As the kernel does it: where all the modes are on already nothing changes, and elsewhere they replace those that were.
void register_modes(std::vector<Range>& ranges, Range added);

// Nanoseconds.
uint64_t now();

// Whether one of the handles reads. It is on a living thread: the end of a thread takes its handles.
bool is_read_locked(const Context* context);
// Whether the thread, by the kernel's number, is one that reads: its own faults wait for itself. Faults tell it with a feature alone.
bool reads_locked(const Context* context, uint32_t thread);

// Notes the faults among messages that were read, and what their events say about the ranges.
void note_messages_locked(Context* context, const uint8_t* bytes, size_t length, bool by_warden = false);
// The range was answered: its faults are done with.
void note_answer(Context* context, uint64_t start, uint64_t length);
void note_answer_locked(Context* context, uint64_t start, uint64_t length);

}  // namespace vmarea::uffd
