// Unix sockets that carry descriptors, which those of Node can't. They answer with the result, or a negative error number.
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "addon/answer.h"
#include "addon/callback.h"
#include "addon/function-tables.h"

namespace vmarea {
namespace {

constexpr size_t kMostDescriptors = 8;

// A path, or a name in the abstract namespace where it begins with a zero byte or '@'.
struct Address {
  sockaddr_un name = {};
  socklen_t length = 0;
};

void take(Call& call, Address* address) {
  sockaddr_un& name = address->name;
  char path[sizeof name.sun_path + 1] = {};
  size_t size = 0;
  napi_status status = napi_get_value_string_utf8(call.env(), call.value(call.next()), path, sizeof path, &size);
  if (status != napi_ok || size == 0 || size >= sizeof name.sun_path) return call.refuse(-ENAMETOOLONG);
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, path, size);
  bool abstract = path[0] == '@' || path[0] == 0;
  if (abstract) name.sun_path[0] = 0;
  address->length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
}

template <int (*kUse)(int, const sockaddr*, socklen_t)>
int open_at(Address address) {
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  if (kUse(descriptor, reinterpret_cast<sockaddr*>(&address.name), address.length) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  return -error;
}

int bind_and_listen(int descriptor, const sockaddr* name, socklen_t length) {
  return bind(descriptor, name, length) != 0 ? -1 : listen(descriptor, 1);
}

int64_t start_listening(int descriptor, int most) { return answer(listen(descriptor, most)); }

int64_t accept_call(int descriptor) { return answer(accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

// `received` has eight entries: the received descriptors, and -1 in the others. Returns the number of bytes; 0 at the end.
int64_t receive(int descriptor, View<uint8_t> bytes, View<int> received) {
  if (received.length < kMostDescriptors) return -EFAULT;
  std::fill_n(received.data, kMostDescriptors, -1);
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))];
  iovec vector = {bytes.data, bytes.length};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length = recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) return -errno;
  size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < here && count < kMostDescriptors; index++)
      memcpy(&received.data[count++], CMSG_DATA(header) + index * sizeof(int), sizeof(int));
  }
  return length;
}

// Sends the descriptors with the first byte. Returns the number of bytes.
int64_t send_call(int descriptor, View<uint8_t> bytes, View<int> sent) {
  if (sent.length > kMostDescriptors) return -EINVAL;
  size_t size = sent.length * sizeof(int);
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
  iovec vector = {bytes.data, bytes.length};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (size > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), sent.data, size);
  }
  return answer(sendmsg(descriptor, &message, MSG_NOSIGNAL));
}

// The process number of the peer, or 0 where it is not known.
int peer(int descriptor) {
  struct ucred credentials = {};
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -errno;
  return credentials.pid;
}

// The user number of the peer.
int64_t peer_user(int descriptor) {
  struct ucred credentials = {};
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -errno;
  return credentials.uid;
}

// A descriptor of the peer's process, which can't be confused with a later process. Before Linux 6.5 it is opened by the process number.
int64_t peer_process(int descriptor) {
  constexpr int kPeerPidfd = 77;  // SO_PEERPIDFD
  int pidfd = -1;
  socklen_t length = sizeof pidfd;
  if (getsockopt(descriptor, SOL_SOCKET, kPeerPidfd, &pidfd, &length) == 0) return pidfd;
  if (errno != ENOPROTOOPT) return -errno;
  return answer(syscall(SYS_pidfd_open, peer(descriptor), 0));
}

int64_t pidfd_open(int pid) { return answer(syscall(SYS_pidfd_open, pid, 0)); }
int64_t pidfd_getfd(int pidfd, int descriptor) { return answer(syscall(SYS_pidfd_getfd, pidfd, descriptor, 0)); }
int64_t pidfd_send_signal(int pidfd, int signal) { return answer(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)); }

constexpr Function kFunctions[] = {
    {"socketListen", callback<open_at<bind_and_listen>>},
    {"socketConnect", callback<open_at<connect>>},
    {"socketAccept", callback<accept_call>},
    {"socketReceive", callback<receive>},
    {"socketSend", callback<send_call>},
    {"socketPeer", callback<peer>},
    {"socketBind", callback<open_at<bind>>},
    {"socketStartListening", callback<start_listening>},
    {"socketPeerUser", callback<peer_user>},
    {"socketPeerProcess", callback<peer_process>},
    {"pidfdOpen", callback<pidfd_open>},
    {"pidfdGet", callback<pidfd_getfd>},
    {"pidfdSignal", callback<pidfd_send_signal>},
};

}  // namespace

const FunctionTable kSockets(kFunctions);

}  // namespace vmarea
