// What a handler gives its keeper, a message a guest over a socket of packets: the descriptors of its userfaultfd and its process come along.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>

namespace vmarea::keeper {

struct Region {
  uint64_t start, length, page;
};

constexpr uint32_t kMostRegions = 256;
constexpr uint32_t kPoison = 0, kKill = 1, kWait = 2;

struct Message {
  uint32_t on_failure;
  uint32_t count;
  Region regions[kMostRegions];
};

// A message with room for its two descriptors, for sendmsg and recvmsg.
struct Envelope {
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {};
  iovec vector;
  msghdr header = {};

  explicit Envelope(Message* message) : vector{message, sizeof *message} {
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;
};

}  // namespace vmarea::keeper
