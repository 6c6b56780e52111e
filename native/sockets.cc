#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

namespace vmarea {
namespace {

constexpr size_t kMostDescriptors = 8;

// A path, or a name in the abstract namespace where it begins with a zero byte or '@'.
struct Address {
  sockaddr_un name = {};
  socklen_t length = 0;
  bool fits = false;

  explicit Address(Call& call, size_t index) {
    char path[sizeof name.sun_path + 1] = {};
    size_t size = 0;
    if (napi_get_value_string_utf8(call.env(), call.value(index), path, sizeof path, &size) != napi_ok) return;
    fits = size > 0 && size < sizeof name.sun_path;
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, path, std::min(size, sizeof name.sun_path));
    bool abstract = path[0] == '@' || path[0] == 0;
    if (abstract) name.sun_path[0] = 0;
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
  }
};

int open_socket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

template <int (*kUse)(int, const sockaddr*, socklen_t)>
napi_value open_at(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Address address(call, 0);
  if (!address.fits) return call.result(-ENAMETOOLONG);
  int descriptor = open_socket();
  if (descriptor < 0) return call.result(-errno);
  if (kUse(descriptor, reinterpret_cast<sockaddr*>(&address.name), address.length) == 0) return call.result(descriptor);
  int error = errno;
  close(descriptor);
  return call.result(-error);
}

int bind_and_listen(int descriptor, const sockaddr* name, socklen_t length) {
  return bind(descriptor, name, length) != 0 ? -1 : listen(descriptor, 1);
}

napi_value accept_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  if (call.wrong()) return nullptr;
  int connection = accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return call.result(connection < 0 ? -errno : connection);
}

// (socket, bytes, descriptors): Int32Array of eight, of which those that came are set and the others -1. Answers the bytes; 0 is the end.
napi_value receive(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  size_t room = 0, places = 0;
  uint8_t* bytes = call.bytes(1, &room);
  int* received = reinterpret_cast<int*>(call.bytes(2, &places));
  if (call.wrong()) return nullptr;
  if (places < kMostDescriptors * sizeof(int)) return call.result(-EFAULT);
  std::fill(received, received + kMostDescriptors, -1);
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))];
  iovec vector = {bytes, room};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length = recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) return call.result(-errno);
  size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < here && count < kMostDescriptors; index++)
      memcpy(&received[count++], CMSG_DATA(header) + index * sizeof(int), sizeof(int));
  }
  return call.result(static_cast<double>(length));
}

// (socket, bytes, descriptors): sends the descriptors with the first byte. Answers the bytes.
napi_value send_call(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  size_t length = 0, size = 0;
  uint8_t* bytes = call.bytes(1, &length);
  int* sent = reinterpret_cast<int*>(call.bytes(2, &size));
  if (call.wrong()) return nullptr;
  if (size > kMostDescriptors * sizeof(int)) return call.result(-EINVAL);
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
  iovec vector = {bytes, length};
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
    memcpy(CMSG_DATA(header), sent, size);
  }
  ssize_t done = sendmsg(descriptor, &message, MSG_NOSIGNAL);
  return call.result(done < 0 ? -errno : static_cast<double>(done));
}

// The process at the other end, or 0 where it is not known.
napi_value peer(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int descriptor = call.int32(0);
  if (call.wrong()) return nullptr;
  struct ucred credentials = {};
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return call.result(-errno);
  return call.result(credentials.pid);
}

}  // namespace

const Function kSocketFunctions[] = {
    {"socketListen", open_at<bind_and_listen>},
    {"socketConnect", open_at<connect>},
    {"socketAccept", accept_call},
    {"socketReceive", receive},
    {"socketSend", send_call},
    {"socketPeer", peer},
};
const size_t kSocketFunctionCount = sizeof kSocketFunctions / sizeof *kSocketFunctions;

}  // namespace vmarea
