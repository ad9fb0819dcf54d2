// A whole loop in another language, which asks the suite for its model. Own arithmetic, C++ and nlohmann's JSON.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

using nlohmann::json;

namespace {

/// Numbers come as hex floats.
double number(const json& value) {
  return value.is_string() ? std::strtod(value.get<std::string>().c_str(), nullptr) : value.get<double>();
}

json ask(const json& x, int t) {
  std::cout << json{{"ask_model", {{"x", x}, {"t", t}}}} << std::endl;
  std::string line;
  std::getline(std::cin, line);
  return json::parse(line);
}

}  // namespace

int main() {
  std::string line;
  std::getline(std::cin, line);
  const json asked = json::parse(line), &list = asked["timesteps"], &table = asked["alphas_cumprod"];
  const double eta = asked["eta"];
  json x = asked["x"];
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double a = table[list[i].get<std::size_t>()],
                 a_prev = i + 1 < list.size() ? table[list[i + 1].get<std::size_t>()].get<double>() : 1.0,
                 sigma = eta * std::sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev));
    const json answer = ask(x, list[i]);
    for (std::size_t k = 0; k < x.size(); ++k) {
      const double eps = number(answer["output"][k]), noise = number(answer["noise"][k]);
      x[k] = std::sqrt(a_prev) * (number(x[k]) - std::sqrt(1 - a) * eps) / std::sqrt(a) +
             std::sqrt(1 - a_prev - sigma * sigma) * eps + sigma * noise;
    }
  }
  std::cout << json{{"result", x}} << std::endl;
}
