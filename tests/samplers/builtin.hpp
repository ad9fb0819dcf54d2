#pragma once

#include "tests/samplers/recipe.hpp"
#include "tests/samplers/sampler.hpp"

namespace ddim::samplers {

/// reference/, each equation by its own function.
Sampler reference();

/// The definition of a run's dialect with a change: its table, list, step and noising are the recipe's, what a
/// recipe does not hold is reference/'s.
Sampler of_recipe(std::function<void(Recipe&)> change, Identity identity);

}  // namespace ddim::samplers
