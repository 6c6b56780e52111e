// What `vmarea doctor` asks the kernel that no other call of the addon does. Nothing stays behind.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmarea {
namespace {

// struct uffdio_api of <linux/userfaultfd.h>.
struct UserfaultfdApi {
  uint64_t api;
  uint64_t features;
  uint64_t ioctls;
};
constexpr unsigned long kUserfaultfdApi = 0xc018aa3f;
constexpr unsigned long kUserfaultfdNew = 0xaa00;
constexpr uint64_t kApiVersion = 0xaa;

// The features that the userfaultfd offers, or the error. Closes it.
double features_of(int descriptor) {
  if (descriptor < 0) return -errno;
  UserfaultfdApi api = {kApiVersion, 0, 0};
  int result = ioctl(descriptor, kUserfaultfdApi, &api);
  int error = errno;
  close(descriptor);
  return result != 0 ? -error : static_cast<double>(api.features & 0x1fffffffffffff);
}

napi_value probe_userfaultfd(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int flags = call.int32(0);
  if (call.wrong()) return nullptr;
  return call.result(features_of(static_cast<int>(syscall(SYS_userfaultfd, flags | O_CLOEXEC | O_NONBLOCK))));
}

napi_value probe_userfaultfd_device(napi_env env, napi_callback_info info) {
  Call call(env, info);
  int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
  if (device < 0) return call.result(-errno);
  double features = features_of(ioctl(device, kUserfaultfdNew, O_CLOEXEC | O_NONBLOCK));
  close(device);
  return call.result(features);
}

}  // namespace

const Function kProbeFunctions[] = {
    {"probeUserfaultfd", probe_userfaultfd},
    {"probeUserfaultfdDevice", probe_userfaultfd_device},
};
const size_t kProbeFunctionCount = sizeof kProbeFunctions / sizeof *kProbeFunctions;

}  // namespace vmarea
