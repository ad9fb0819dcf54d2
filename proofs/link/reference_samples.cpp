// The reference at drawn inputs:
//   reference_samples | certify --slack 4

#include "link/reference.hpp"

int main() { ddim::link::print_samples<ddim::link::Reference>(30); }
