// Writes pieces of memory to places of a file, all of them by one job: a job of its own for each would cost more than to write a page, and
// the kernel lets one thread at a time write to a file.
#include <errno.h>
#include <unistd.h>

#include <vector>

#include "addon/callback.h"
#include "addon/file-job.h"
#include "addon/function-tables.h"

namespace vmarea {
namespace {

struct Piece {
  const uint8_t* bytes;
  size_t length;
  int64_t position;
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

struct Writing : FileJob {
  std::vector<Piece> pieces;

  int run(int to) override {
    for (const Piece& piece : pieces) {
      int error = write_piece(to, piece);
      if (error != 0) return error;
    }
    return 0;
  }
};

// (descriptor, array of Uint8Arrays, a position for each): a promise of 0 or a negative error number. The memory of the arrays must not
// change meanwhile.
napi_value write_pieces_async(Call* call, int descriptor, napi_value arrays, View<double> positions) {
  Writing* writing = new Writing;
  for (size_t index = 0; index < positions.length; index++) {
    napi_value array;
    napi_typedarray_type type = napi_uint8_array;
    void* bytes = nullptr;
    size_t length = 0;
    if (napi_get_element(call->env(), arrays, static_cast<uint32_t>(index), &array) != napi_ok ||
        napi_get_typedarray_info(call->env(), array, &type, &length, &bytes, nullptr, nullptr) != napi_ok || type != napi_uint8_array) {
      delete writing;
      return call->result(-EINVAL);
    }
    writing->pieces.push_back({static_cast<uint8_t*>(bytes), length, static_cast<int64_t>(positions.data[index])});
  }
  return start_file_job(call, descriptor, writing, arrays);
}

constexpr Function kFunctions[] = {
    {"writePiecesAsync", callback<write_pieces_async>},
};

}  // namespace

const FunctionTable kWritePieces(kFunctions);

}  // namespace vmarea
