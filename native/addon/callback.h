// C++ functions as functions of the addon: the parameters of a function state what it takes from JavaScript, and are checked before it
// runs.
//
//   int64_t punch_hole(int descriptor, int64_t offset, int64_t length);
//   {"punchHole", callback<punch_hole>}
//
// A function returns a number (a result, or a negative error number), or a type of its own that has a `give`. A type of parameter has a
// `take`, which reads one argument or more, or none: the thread's state, the call itself. A pointer is never nullptr: a stale handle is
// refused, and the answer is the refusal.
#pragma once

#include <tuple>
#include <type_traits>

#include "addon/call.h"
#include "addon/thread-state.h"

namespace vmarea {

inline void take(Call& call, uint64_t* value) { *value = call.address(call.next()); }
inline void take(Call& call, int64_t* value) { *value = call.integer(call.next()); }
inline void take(Call& call, int* value) { *value = call.int32(call.next()); }
inline void take(Call& call, double* value) { *value = call.number(call.next()); }
inline void take(Call& call, bool* value) { *value = call.boolean(call.next()); }
inline void take(Call& call, napi_value* value) { *value = call.value(call.next()); }
inline void take(Call& call, Call** self) { *self = &call; }
inline void take(Call& call, ThreadState** state) { *state = call.state(); }

// The memory of a typed array: it belongs to JavaScript and is valid during the call.
template <typename Element>
struct View {
  Element* data;
  size_t length;  // in elements
  napi_value array;
};
template <typename Element>
void take(Call& call, View<Element>* view) {
  size_t index = call.next(), bytes = 0;
  view->data = reinterpret_cast<Element*>(call.bytes(index, &bytes));
  view->length = bytes / sizeof(Element);
  view->array = call.value(index);
}

// A value that comes in shared_results: as an argument, an address or length would cost an allocation and a call into the engine. What is no
// whole number from 0 on becomes UINT64_MAX, which the kernel refuses (EINVAL).
inline uint64_t operand(const Call& call, size_t index) {
  double value = call.state()->shared_results.results[index];
  if (!(value >= 0 && value <= 9007199254740992.0)) return UINT64_MAX;
  uint64_t whole = static_cast<uint64_t>(value);
  return static_cast<double>(whole) == value ? whole : UINT64_MAX;
}

struct Operands {
  uint64_t start;  // results[1]
  uint64_t other;  // results[2]
  size_t length;   // results[3]
};
inline void take(Call& call, Operands* operands) { *operands = {operand(call, 1), operand(call, 2), operand(call, 3)}; }

inline napi_value give(Call& call, double number) { return call.result(number); }
inline napi_value give(Call&, napi_value value) { return value; }

// undefined, which is cheaper than a number, or the negative error number.
struct Refusal {
  int error;
};
inline napi_value give(Call& call, Refusal refusal) { return refusal.error == 0 ? nullptr : call.result(refusal.error); }

template <typename Result, typename... Parameters>
napi_value run_call(Call& call, Result (*function)(Parameters...)) {
  std::tuple<Parameters...> arguments;
  std::apply([&](auto&... argument) { (take(call, &argument), ...); }, arguments);
  if (call.wrong()) return nullptr;
  if constexpr (std::is_class_v<Result>) {
    return give(call, call.refusal() != 0 ? Result{call.refusal()} : std::apply(function, arguments));
  } else if constexpr (std::is_arithmetic_v<Result>) {
    return call.result(call.refusal() != 0 ? call.refusal() : static_cast<double>(std::apply(function, arguments)));
  } else {
    return call.refusal() != 0 ? call.result(call.refusal()) : std::apply(function, arguments);
  }
}

// Inlined: calls of a few nanoseconds must not pay for reading their arguments.
template <auto kFunction>
[[gnu::flatten]]
napi_value callback(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return run_call(call, kFunction);
}

}  // namespace vmarea
