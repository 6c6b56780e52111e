#pragma once

namespace vmarea {

// Whether this kernel supports guard markers in maps of files (Linux 6.15), tested on one.
bool can_mark_files();

}  // namespace vmarea
