// Writes pieces of memory to places of a file, all of them by one job: a job of its own for each would cost more than to write a page, and
// the kernel lets one thread at a time write to a file.
#include <errno.h>
#include <unistd.h>

#include <vector>

#include "addon/callback.h"
#include "addon/file-job.h"
#include "addon/function-tables.h"
#include "addon/futex.h"

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

// Jobs that share a word run one after the other. Those that wait sleep, where the kernel's own lock of the file would have them spin.
class Turn {
 public:
  explicit Turn(std::atomic<uint32_t>* word) : word_(word) {
    while (word_->exchange(1) != 0) futex_wait(word_, 1, kNever);
  }
  ~Turn() {
    word_->store(0);
    futex_wake(word_, 1);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic<uint32_t>* word_;
};

struct Writing : FileJob {
  std::vector<Piece> pieces;
  std::atomic<uint32_t>* turn = nullptr;

  int run(int to) override {
    Turn held(turn);
    for (const Piece& piece : pieces) {
      int error = write_piece(to, piece);
      if (error != 0) return error;
    }
    return 0;
  }
};

// (descriptor, array of Uint8Arrays, a position for each, the word of a turn): a promise of 0 or a negative error number. The memory of the
// arrays must not change meanwhile, and the caller keeps the word.
napi_value write_pieces_async(Call* call, int descriptor, napi_value arrays, View<double> positions, View<std::atomic<uint32_t>> turn) {
  if (turn.length != 1) return call->result(-EINVAL);
  Writing* writing = new Writing;
  writing->turn = turn.data;
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
