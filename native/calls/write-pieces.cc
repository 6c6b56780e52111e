// Writes pieces of memory to places of a file, all of them by one job on one of libuv's threads: a job of its own for each would cost more
// than to write a page, and the kernel lets one thread at a time write to a file.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "addon/callback.h"
#include "addon/function-tables.h"

namespace vmarea {
namespace {

struct Piece {
  const uint8_t* bytes;
  size_t length;
  int64_t position;
};

struct Writing {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref arrays = nullptr;  // keeps the memory of the pieces
  int descriptor;             // a duplicate of our own: the caller may close its own
  std::vector<Piece> pieces;
  int error = 0;
};

int write_piece(int descriptor, Piece piece) {
  while (piece.length > 0) {
    ssize_t done = pwrite(descriptor, piece.bytes, piece.length, piece.position);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return done < 0 ? -errno : -EIO;
    piece.bytes += done;
    piece.length -= static_cast<size_t>(done);
    piece.position += done;
  }
  return 0;
}

void write_all(napi_env, void* data) {
  Writing* writing = static_cast<Writing*>(data);
  for (const Piece& piece : writing->pieces) {
    writing->error = write_piece(writing->descriptor, piece);
    if (writing->error != 0) return;
  }
}

void drop(napi_env env, Writing* writing) {
  if (writing->arrays != nullptr) napi_delete_reference(env, writing->arrays);
  close(writing->descriptor);
  delete writing;
}

void answer_writing(napi_env env, napi_status status, void* data) {
  Writing* writing = static_cast<Writing*>(data);
  napi_value result;
  napi_create_double(env, status == napi_ok ? writing->error : -ECANCELED, &result);
  napi_resolve_deferred(env, writing->deferred, result);
  napi_delete_async_work(env, writing->work);
  drop(env, writing);
}

// (descriptor, array of Uint8Arrays, a position for each): a promise of 0 or a negative error number. The memory of the arrays must not
// change meanwhile.
napi_value write_pieces_async(Call* call, int descriptor, napi_value arrays, View<double> positions) {
  napi_env env = call->env();
  int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return call->result(-errno);
  Writing* writing = new Writing;
  writing->descriptor = own;
  for (size_t index = 0; index < positions.length; index++) {
    napi_value array;
    napi_typedarray_type type = napi_uint8_array;
    void* bytes = nullptr;
    size_t length = 0;
    if (napi_get_element(env, arrays, static_cast<uint32_t>(index), &array) != napi_ok ||
        napi_get_typedarray_info(env, array, &type, &length, &bytes, nullptr, nullptr) != napi_ok || type != napi_uint8_array) {
      drop(env, writing);
      return call->result(-EINVAL);
    }
    writing->pieces.push_back({static_cast<uint8_t*>(bytes), length, static_cast<int64_t>(positions.data[index])});
  }
  napi_value promise, name;
  napi_create_string_utf8(env, "vmarea", NAPI_AUTO_LENGTH, &name);
  if (napi_create_reference(env, arrays, 1, &writing->arrays) != napi_ok ||
      napi_create_async_work(env, nullptr, name, write_all, answer_writing, writing, &writing->work) != napi_ok) {
    drop(env, writing);
    return call->result(-ENOMEM);
  }
  napi_create_promise(env, &writing->deferred, &promise);
  napi_queue_async_work(env, writing->work);
  return promise;
}

constexpr Function kFunctions[] = {
    {"writePiecesAsync", callback<write_pieces_async>},
};

}  // namespace

const FunctionTable kWritePieces(kFunctions);

}  // namespace vmarea
