// What goes between the program that shows a playground and the process that makes its calls, one packet each.
// `src/linux/play/play-process-socket.ts` is the other side.
#pragma once

#include <cstdint>

namespace vmarea::play {

constexpr uint64_t kSystemCall = 0, kLoad = 1, kStore = 2, kJump = 3, kFork = 4;
constexpr uint64_t kStarted = 0, kDone = 1, kForked = 2;
constexpr int kNoPointer = -1;
constexpr int kPayload = 64;      // where a page's content begins in the bytes, behind the structure of an ioctl
constexpr int kMostBytes = kPayload + 65536;

struct Request {
  uint64_t id, kind;
  int64_t call;        // a place in the table of calls
  uint64_t arguments[6];
  int64_t pointer;     // the argument that is to be the address of `bytes`, or kNoPointer
  uint8_t bytes[kMostBytes];
};

struct Answer {
  uint64_t id, kind;
  int64_t result;      // of a call, or its negative error number; the byte that was read; of kStarted the thread, of kForked the process
  uint64_t signal, code, address;
  uint8_t bytes[kPayload];
};

}  // namespace vmarea::play
