// The packets between the program that shows a playground and the process that makes its calls.
// `src/linux/play/served-process.ts` is the other side.
#pragma once

#include <cstdint>

namespace vmarea::play {

constexpr uint64_t kSystemCall = 0, kLoad = 1, kStore = 2, kJump = 3, kFork = 4;
constexpr uint64_t kStarted = 0, kDone = 1, kForked = 2;
constexpr int kNoPointer = -1;
constexpr int kPayload = 64;      // the offset of a page's content in the bytes, after the structure of an ioctl
constexpr int kMostBytes = kPayload + 65536;

struct Request {
  uint64_t id, kind;
  int64_t call;        // an index in the table of calls
  uint64_t arguments[6];
  int64_t pointer;     // the argument that is replaced by the address of `bytes`, or kNoPointer
  uint8_t bytes[kMostBytes];
};

struct Answer {
  uint64_t id, kind;
  int64_t result;      // the result of a call or its negative error number; the byte that was read; for kStarted the thread, for kForked the process
  uint64_t signal, code, address;
  uint8_t bytes[kPayload];
};

}  // namespace vmarea::play
