#include "identity/munge_library.h"

#include <dlfcn.h>

namespace usine::identity {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

bool find_all(void* library, MungeFunctions& f) {
  return find(library, "munge_encode", f.encode) && find(library, "munge_decode", f.decode) &&
         find(library, "munge_strerror", f.error_text) &&
         find(library, "munge_ctx_create", f.create) &&
         find(library, "munge_ctx_destroy", f.destroy) &&
         find(library, "munge_ctx_strerror", f.context_error) &&
         find(library, "munge_ctx_set", f.set);
}

}  // namespace

Result<MungeLibrary> MungeLibrary::load(const std::string& name) {
  MungeLibrary library;
  void* const handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(ErrorCode::kUnavailable,
                "MUNGE's library " + name +
                    " is not on this machine: install the package munge (libmunge2)");
  }
  library.handle_.reset(handle, [](void* closed) { ::dlclose(closed); });
  if (!find_all(handle, library.functions_)) {
    return fail(ErrorCode::kUnavailable,
                name + " lacks functions of MUNGE 0.5: install the package munge (libmunge2)");
  }
  return library;
}

}  // namespace usine::identity
