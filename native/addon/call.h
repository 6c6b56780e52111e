// The arguments of one call from JavaScript, checked as they are read.
//
// Every function of the addon returns a number: a result, or a negative error number. Only an argument of the wrong type
// throws, because the TypeScript above never passes one.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace vmarea {

struct ThreadState;

class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMost;
    if (napi_get_cb_info(env, info, &count, arguments_, nullptr, &data_) != napi_ok) wrong_ = true;
  }

  napi_env env() const { return env_; }
  // The data that the function was created with: the state of the thread.
  void* data() const { return data_; }
  ThreadState* state() const { return static_cast<ThreadState*>(data_); }
  // The index of the next argument to read.
  size_t next() { return next_++; }

  // The call is refused, and this negative error number is the answer. The first refusal counts.
  void refuse(int error) {
    if (refusal_ == 0) refusal_ = error;
  }
  int refusal() const { return refusal_; }

  napi_value value(size_t index) const { return arguments_[index]; }

  // A number or a bigint. Addresses above 2^53 require a bigint.
  uint64_t address(size_t index) {
    double number;
    if (napi_get_value_double(env_, arguments_[index], &number) == napi_ok) {
      if (number >= 0 && number <= 9007199254740991.0) return static_cast<uint64_t>(number);
      wrong_ = true;
      return 0;
    }
    uint64_t result = 0;
    bool lossless = false;
    if (napi_get_value_bigint_uint64(env_, arguments_[index], &result, &lossless) != napi_ok || !lossless) wrong_ = true;
    return result;
  }

  double number(size_t index) {
    double result = 0;
    if (napi_get_value_double(env_, arguments_[index], &result) != napi_ok) wrong_ = true;
    return result;
  }

  int64_t integer(size_t index) {
    double result = number(index);
    if (!(result >= -9007199254740991.0 && result <= 9007199254740991.0)) {
      wrong_ = true;
      return 0;
    }
    return static_cast<int64_t>(result);
  }

  size_t size(size_t index) {
    int64_t result = integer(index);
    if (result < 0) wrong_ = true;
    return static_cast<size_t>(result);
  }

  int int32(size_t index) { return static_cast<int>(integer(index)); }

  bool boolean(size_t index) {
    bool result = false;
    if (napi_get_value_bool(env_, arguments_[index], &result) != napi_ok) wrong_ = true;
    return result;
  }

  // Any typed array or DataView, in bytes: a buffer of Node-API is any view. The memory belongs to JavaScript and is valid during the call.
  uint8_t* bytes(size_t index, size_t* length) {
    void* data = nullptr;
    *length = 0;
    if (napi_get_buffer_info(env_, arguments_[index], &data, length) != napi_ok) wrong_ = true;
    return static_cast<uint8_t*>(data);
  }

  // Copies a string into `buffer`, which must hold `capacity` bytes with the final zero. A longer string is a wrong argument.
  void string(size_t index, char* buffer, size_t capacity) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env_, arguments_[index], buffer, capacity, &length) != napi_ok || length + 1 >= capacity)
      wrong_ = true;
  }

  // Throws where an argument was wrong. Call it before acting on them.
  bool wrong() {
    if (wrong_) napi_throw_type_error(env_, nullptr, "vmarea: the addon was called with an argument of the wrong type");
    return wrong_;
  }

  napi_value result(double number) {
    napi_value result = nullptr;
    napi_create_double(env_, number, &result);
    return result;
  }

 private:
  static constexpr size_t kMost = 10;
  napi_env env_;
  void* data_ = nullptr;
  napi_value arguments_[kMost] = {};
  size_t next_ = 0;
  int refusal_ = 0;
  bool wrong_ = false;
};

struct Function {
  const char* name;
  napi_callback call;
};

}  // namespace vmarea
