#pragma once

namespace vmarea {

// Whether this kernel puts guard markers into maps of files (Linux 6.15), tried on one.
bool can_mark_files();

}  // namespace vmarea
