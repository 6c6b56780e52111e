// Giving guests to a keeper, which lives on when this process is killed.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "addon/answer.h"
#include "addon/function-tables.h"
#include "guests/tables.h"
#include "keeper/message.h"

namespace vmarea {
namespace guests {
namespace {

// The descriptors of a pair of sockets for packets in results[0] and results[1].
int keeper_sockets(ThreadState* state) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return -errno;
  state->shared_results.results[0] = pair[0];
  state->shared_results.results[1] = pair[1];
  return 0;
}

// The keeper has duplicates once this has answered: they are in its socket.
int64_t give_to_keeper(GivenGuest given, int socket) {
  const Guest& guest = *given.guest;
  if (guest.regions.size() > keeper::kMostRegions) return -E2BIG;
  keeper::Message message = {};
  message.on_failure = static_cast<uint32_t>(guest.on_failure);
  message.count = static_cast<uint32_t>(guest.regions.size());
  for (size_t index = 0; index < guest.regions.size(); index++) {
    const GuestRegion& region = guest.regions[index];
    message.regions[index] = {region.start, region.length, region.page};
  }
  int descriptors[2] = {guest.descriptor, guest.pidfd};
  keeper::Envelope envelope(&message);
  cmsghdr* rights = CMSG_FIRSTHDR(&envelope.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof descriptors);
  memcpy(CMSG_DATA(rights), descriptors, sizeof descriptors);
  return answer(sendmsg(socket, &envelope.header, MSG_NOSIGNAL));
}

constexpr Function kFunctions[] = {
    {"keeperSockets", callback<keeper_sockets>},
    {"guestGiveToKeeper", callback<give_to_keeper>},
};

}  // namespace
}  // namespace guests

const FunctionTable kGuestKeepers(guests::kFunctions);

}  // namespace vmarea
