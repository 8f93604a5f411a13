// The functions of libpmix.so.2 that the shepherd calls, found when they are first wanted: a
// shepherd whose job uses no MPI never maps the library. Owned by PmixServer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <pmix.h>
#include <pmix_server.h>

#include "common/result.h"

namespace usine::shepherd {

struct PmixLibrary {
  decltype(&PMIx_server_init) server_init = nullptr;
  decltype(&PMIx_server_finalize) server_finalize = nullptr;
  decltype(&PMIx_server_register_nspace) register_nspace = nullptr;
  decltype(&PMIx_server_deregister_nspace) deregister_nspace = nullptr;
  decltype(&PMIx_server_register_client) register_client = nullptr;
  decltype(&PMIx_server_setup_fork) setup_fork = nullptr;
  decltype(&PMIx_server_dmodex_request) dmodex_request = nullptr;
  decltype(&PMIx_generate_regex) generate_regex = nullptr;
  decltype(&PMIx_generate_ppn) generate_ppn = nullptr;
  decltype(&PMIx_Info_load) info_load = nullptr;
  decltype(&PMIx_Value_destruct) value_destruct = nullptr;
  decltype(&PMIx_Error_string) error_string = nullptr;

  // Errors: kNotFound where the library is not installed or lacks one of the functions.
  [[nodiscard]] static Result<std::unique_ptr<const PmixLibrary>> load();

  // kIo with PMIx's own words for `status`: "registering the step with PMIx: ERROR-TIMEOUT".
  [[nodiscard]] Error error(const std::string& what, pmix_status_t status) const;
};

// An array of attributes for a PMIx call, freed with it.
class PmixAttributes {
 public:
  explicit PmixAttributes(const PmixLibrary& library) : library_(library) {}
  PmixAttributes(const PmixAttributes&) = delete;
  PmixAttributes& operator=(const PmixAttributes&) = delete;
  ~PmixAttributes();

  void add(const char* key, const std::string& text);
  void add(const char* key, std::uint32_t number);
  void add(const char* key, bool flag);
  // A map as PMIx_generate_regex and PMIx_generate_ppn give it.
  void add_map(const char* key, const char* map);
  [[nodiscard]] std::span<pmix_info_t> infos() { return infos_; }

 private:
  void add_value(const char* key, const void* value, pmix_data_type_t type);

  const PmixLibrary& library_;
  std::vector<pmix_info_t> infos_;
};

}  // namespace usine::shepherd
