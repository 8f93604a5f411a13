#include "agent/shepherd/pmix_library.h"

#include <dlfcn.h>

namespace usine::shepherd {
namespace {

constexpr const char* kLibraryName = "libpmix.so.2";

// Looks functions up in turn and remembers the first that is missing.
class SymbolTable {
 public:
  explicit SymbolTable(void* library) : library_(library) {}

  template <typename Function>
  void find(const char* name, Function& function) {
    void* const symbol = dlsym(library_, name);
    if (symbol == nullptr && missing_.empty()) missing_ = name;
    function = reinterpret_cast<Function>(symbol);
  }
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_;
};

}  // namespace

Result<std::unique_ptr<const PmixLibrary>> PmixLibrary::load() {
  // Never closed again: the library keeps a thread and exit handlers of its own.
  void* const handle = dlopen(kLibraryName, RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    return fail(ErrorCode::kNotFound, std::string("MPI steps need ") + kLibraryName +
                                          " on this node, which does not load: " + dlerror());
  }
  auto library = std::make_unique<PmixLibrary>();
  SymbolTable symbols(handle);
  symbols.find("PMIx_server_init", library->server_init);
  symbols.find("PMIx_server_finalize", library->server_finalize);
  symbols.find("PMIx_server_register_nspace", library->register_nspace);
  symbols.find("PMIx_server_deregister_nspace", library->deregister_nspace);
  symbols.find("PMIx_server_register_client", library->register_client);
  symbols.find("PMIx_server_setup_fork", library->setup_fork);
  symbols.find("PMIx_server_dmodex_request", library->dmodex_request);
  symbols.find("PMIx_generate_regex", library->generate_regex);
  symbols.find("PMIx_generate_ppn", library->generate_ppn);
  symbols.find("PMIx_Info_load", library->info_load);
  symbols.find("PMIx_Value_destruct", library->value_destruct);
  symbols.find("PMIx_Error_string", library->error_string);
  if (!symbols.missing().empty()) {
    return fail(ErrorCode::kNotFound, std::string(kLibraryName) + " on this node has no " +
                                          symbols.missing() + ": install PMIx 4.2 or later");
  }
  return library;
}

Error PmixLibrary::error(const std::string& what, pmix_status_t status) const {
  return Error{ErrorCode::kIo, what + ": " + error_string(status)};
}

PmixAttributes::~PmixAttributes() {
  for (pmix_info_t& info : infos_) library_.value_destruct(&info.value);
}

void PmixAttributes::add(const char* key, const std::string& text) {
  add_value(key, text.c_str(), PMIX_STRING);
}

void PmixAttributes::add(const char* key, std::uint32_t number) {
  add_value(key, &number, PMIX_UINT32);
}

void PmixAttributes::add(const char* key, bool flag) { add_value(key, &flag, PMIX_BOOL); }

void PmixAttributes::add_map(const char* key, const char* map) { add_value(key, map, PMIX_REGEX); }

void PmixAttributes::add_value(const char* key, const void* value, pmix_data_type_t type) {
  library_.info_load(&infos_.emplace_back(), key, value, type);
}

}  // namespace usine::shepherd
