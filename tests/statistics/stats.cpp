#include <cstdio>
#include <thread>

#include "tests/statistics/engine.hpp"
int main(int argc, char** argv) {
  using namespace ddim::statistics;
  Options o;
  if (argc > 1) o.tier = Tier::named(argv[1]);
  o.threads = 2;
  std::fputs(
      text(judge(Subject::reference(), Setting::standard(argc > 2 ? std::stod(argv[2]) : 0.5), o)).c_str(),
      stdout);
}
