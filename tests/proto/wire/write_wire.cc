// write-wire-format DESCRIPTORS FILE: what wire_format.h says of a set of .proto files, as protoc
// --descriptor_set_out has written it. For scripts/write-wire-format, at a release.
#include <cstdio>
#include <fstream>

#include "tests/proto/wire_format.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: write-wire-format DESCRIPTORS FILE\n");
    return 2;
  }
  google::protobuf::FileDescriptorSet set;
  std::ifstream in(argv[1], std::ios::binary);
  std::ofstream out(argv[2]);
  if (!set.ParseFromIstream(&in) || !out) {
    std::fprintf(stderr, "write-wire-format: cannot read %s or write %s\n", argv[1], argv[2]);
    return 1;
  }
  for (const std::string& line : usine::test::wire_format(set)) out << line << '\n';
  return out.flush() ? 0 : 1;
}
