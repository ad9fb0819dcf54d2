#pragma once

// The whole reference, in the order in which it reads. clang-format off
#include "reference/discrete.hpp"
#include "reference/laws.hpp"
#include "reference/objective.hpp"
#include "reference/predictor.hpp"
#include "reference/schedule.hpp"
#include "reference/steps.hpp"
// clang-format on
