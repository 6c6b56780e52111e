// The keeper: a process of its own that holds duplicates of the userfaultfds that a handler serves, so that none of them is closed when the
// handler is killed. A closed one would turn missing pages into zeros.
//
// When the handler's end of the socket closes, the handler is gone: each guest is poisoned, killed or left to wait, as it was given. The keeper
// ends when its guests have ended. Signals do not end it, but for SIGKILL.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "keeper/message.h"
#include "userfaultfd/poison.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::keeper {
namespace {

using uffd::UffdMessage;

constexpr int kSocket = 3;

struct Guest {
  int userfaultfd, pidfd;
  uint32_t on_failure;
  std::vector<Region> regions;
};

int epoll = -1;
std::vector<Guest*> guests;

void watch(int descriptor, void* key) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = key;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) _exit(3);
}

// Moves both to a pair of numbers, an even one and the next: a handler that takes a guest over finds its userfaultfd below the pidfd.
void pair(int descriptors[2]) {
  for (int even = 4;; even += 2) {
    if (fcntl(even, F_GETFD) >= 0 || fcntl(even + 1, F_GETFD) >= 0) continue;
    int moved[2] = {dup3(descriptors[0], even, O_CLOEXEC), dup3(descriptors[1], even + 1, O_CLOEXEC)};
    if (moved[0] < 0 || moved[1] < 0) {
      if (moved[0] >= 0) close(moved[0]);
      return;  // the limit of descriptors: they stay where they are
    }
    close(descriptors[0]);
    close(descriptors[1]);
    memcpy(descriptors, moved, sizeof moved);
    return;
  }
}

// Returns false at the end.
bool take_guest() {
  Message message;
  Envelope envelope(&message);
  ssize_t length = recvmsg(kSocket, &envelope.header, MSG_CMSG_CLOEXEC);
  if (length < 0) return errno == EINTR || errno == EAGAIN;
  if (length == 0) return false;
  cmsghdr* rights = CMSG_FIRSTHDR(&envelope.header);
  if (rights == nullptr || rights->cmsg_len != CMSG_LEN(2 * sizeof(int)) || message.count > kMostRegions) return true;
  int descriptors[2];
  memcpy(descriptors, CMSG_DATA(rights), sizeof descriptors);
  pair(descriptors);
  Guest* guest = new Guest{descriptors[0], descriptors[1], message.on_failure, {message.regions, message.regions + message.count}};
  guests.push_back(guest);
  watch(guest->pidfd, guest);
  return true;
}

// The other process may hold the same open file, which epoll would go on telling of.
void forget(int descriptor) {
  epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nullptr);
  close(descriptor);
}

void remove(Guest* guest) {
  forget(guest->userfaultfd);
  forget(guest->pidfd);
  for (size_t index = 0; index < guests.size(); index++)
    if (guests[index] == guest) guests.erase(guests.begin() + static_cast<ptrdiff_t>(index--));
  delete guest;
}

void poison(const Guest& guest, uint64_t start, uint64_t end) {
  std::vector<uffd::Range> ranges;
  for (const Region& region : guest.regions) {
    uint64_t from = start > region.start ? start : region.start, to = region.start + region.length;
    if (end < to) to = end;
    if (from < to) ranges.push_back({from, to, uffd::kModeMissing | uffd::kModeWp});
  }
  uffd::poison_ranges(guest.userfaultfd, ranges, false);
}

// Pages that were dropped fault again, and are poisoned again.
void poison_again(const Guest& guest) {
  UffdMessage messages[64];
  for (;;) {
    ssize_t length = read(guest.userfaultfd, messages, sizeof messages);
    if (length <= 0) return;
    for (size_t index = 0; index < static_cast<size_t>(length) / sizeof *messages; index++) {
      const UffdMessage& message = messages[index];
      if (message.event == uffd::kEventFork) close(static_cast<int>(message.fork.descriptor));
      if (message.event != uffd::kEventFault) continue;
      for (const Region& region : guest.regions) {
        if (message.fault.address - region.start >= region.length) continue;
        uint64_t page = message.fault.address - (message.fault.address - region.start) % region.page;
        poison(guest, page, page + region.page);
      }
    }
  }
}

void handler_is_gone() {
  for (Guest* guest : guests)
    if (guest->on_failure == kKill) syscall(SYS_pidfd_send_signal, guest->pidfd, SIGKILL, nullptr, 0);
  for (Guest* guest : guests)
    if (guest->on_failure == kPoison) poison(*guest, 0, UINT64_MAX);
}

int run() {
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);
  prctl(PR_SET_NAME, "vmarea-keeper");
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return 3;
  bool served = true;
  watch(kSocket, nullptr);
  while (served || !guests.empty()) {
    epoll_event event;
    if (epoll_wait(epoll, &event, 1, -1) != 1) continue;
    uintptr_t key = reinterpret_cast<uintptr_t>(event.data.ptr);
    // The lowest bit says that it is of the userfaultfd.
    Guest* guest = reinterpret_cast<Guest*>(key & ~uintptr_t{1});
    if (guest != nullptr && (key & 1) != 0) {
      poison_again(*guest);
    } else if (guest != nullptr) {
      remove(guest);
    } else if (!take_guest()) {
      served = false;
      forget(kSocket);
      handler_is_gone();
      for (Guest* one : guests)
        if (one->on_failure == kPoison) watch(one->userfaultfd, reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(one) | 1));
    }
  }
  return 0;
}

}  // namespace
}  // namespace vmarea::keeper

int main() { return vmarea::keeper::run(); }
