// The kernel's interface of userfaultfds, as of Linux 6.18. Declared here, because the headers of the compiling machine may be older than
// the running kernel.
#pragma once

#include <cstdint>

namespace vmarea::uffd {

struct UffdApi { uint64_t api, features, ioctls; };
struct UffdRange { uint64_t start, length; };
struct UffdRegister { uint64_t start, length, mode, ioctls; };
struct UffdCopy { uint64_t destination, source, length, mode; int64_t done; };
struct UffdMove { uint64_t destination, source, length, mode; int64_t done; };
struct UffdFill { uint64_t start, length, mode; int64_t done; };  // ZEROPAGE, CONTINUE and POISON
struct UffdProtect { uint64_t start, length, mode; };

constexpr unsigned long kApi = 0xc018aa3f, kRegister = 0xc020aa00, kUnregister = 0x8010aa01, kWake = 0x8010aa02;
constexpr unsigned long kCopy = 0xc028aa03, kZeropage = 0xc020aa04, kMove = 0xc028aa05, kWriteprotect = 0xc018aa06;
constexpr unsigned long kContinue = 0xc020aa07, kPoison = 0xc020aa08, kNew = 0xaa00;

struct UffdMessage {
  uint8_t event;
  uint8_t reserved[7];
  union {
    struct { uint64_t flags, address; uint32_t thread; } fault;
    struct { uint32_t descriptor; } fork;
    struct { uint64_t from, to, length; } remap;
    struct { uint64_t start, end; } remove;
  };
};
static_assert(sizeof(UffdMessage) == 32, "a message is 32 bytes");

constexpr uint8_t kEventFault = 0x12, kEventFork = 0x13, kEventRemap = 0x14, kEventUnmap = 0x16;
constexpr uint64_t kFaultOfProtection = 2;  // among the flags of a fault
constexpr uint64_t kModeMissing = 1, kModeWp = 2, kModeMinor = 4;
constexpr uint64_t kDontWake = 1;        // of COPY, ZEROPAGE, CONTINUE, POISON and MOVE
constexpr uint64_t kProtect = 1, kProtectDontWake = 2;
constexpr uint64_t kFeatureSigbus = 1 << 7, kFeatureThreadId = 1 << 8, kFeatureWpAsync = 1 << 15;
constexpr uint64_t kEventFeatures = 0x4e;  // of the layout: fork, remap, remove, unmap

}  // namespace vmarea::uffd
