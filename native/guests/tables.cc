#include "guests/tables.h"

#include <errno.h>

#include <map>

namespace vmarea::guests {
namespace {

std::mutex& mutex() {
  static std::mutex* mutex = new std::mutex;
  return *mutex;
}

// Under the mutex. Never destroyed: the server thread runs until the process is gone.
struct Tables {
  uint32_t last = 0;
  std::map<uint32_t, GuestPointer> guests;
  std::map<uint32_t, std::shared_ptr<const MappedFile>> files;
  std::map<uint32_t, Script*> scripts;
};
Tables& tables() {
  static Tables* tables = new Tables;
  return *tables;
}

template <typename Value>
Value find(const std::map<uint32_t, Value>& table, double number) {
  std::lock_guard<std::mutex> lock(mutex());
  auto found = number >= 0 && number <= UINT32_MAX ? table.find(static_cast<uint32_t>(number)) : table.end();
  return found == table.end() ? nullptr : found->second;
}

template <typename Value>
void forget(std::map<uint32_t, Value>& table, double number) {
  Value value = find(table, number);  // it may be the last, and goes without the lock
  std::lock_guard<std::mutex> lock(mutex());
  if (value != nullptr) table.erase(static_cast<uint32_t>(number));
}

}  // namespace

uint32_t add_to_table(GuestPointer guest) {
  std::lock_guard<std::mutex> lock(mutex());
  guest->number = ++tables().last;
  tables().guests[guest->number] = guest;
  return guest->number;
}

uint32_t add_to_table(std::shared_ptr<const MappedFile> file) {
  std::lock_guard<std::mutex> lock(mutex());
  tables().files[++tables().last] = std::move(file);
  return tables().last;
}

uint32_t add_to_table(Script* script) {
  std::lock_guard<std::mutex> lock(mutex());
  script->number = ++tables().last;
  tables().scripts[script->number] = script;
  return script->number;
}

GuestPointer guest_of(double number) { return find(tables().guests, number); }
std::shared_ptr<const MappedFile> file_of(double number) { return find(tables().files, number); }
Script* script_of(double number) { return find(tables().scripts, number); }
std::vector<Script*> scripts_of(const Listener* listener) {
  std::lock_guard<std::mutex> lock(mutex());
  std::vector<Script*> scripts;
  for (const auto& [number, script] : tables().scripts)
    if (script->listener == listener) scripts.push_back(script);
  return scripts;
}
void forget_guest(double number) { forget(tables().guests, number); }
void forget_file(double number) { forget(tables().files, number); }

}  // namespace vmarea::guests
