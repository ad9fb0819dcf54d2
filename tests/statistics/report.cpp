#include "tests/statistics/report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/statistics/format.hpp"

namespace ddim::statistics {
namespace {

using nlohmann::json;
using samplers::to_text;

/// Grounds as a line, and as JSON's members: an overload for each kind.
std::string line(const std::monostate&) { return {}; }
std::string line(const OfNormal& g) {
  return format("log E %9.3f of %.1f  |bias| <= %.4f  variance in [%.4f, %.4f]", g.log_e, g.bar, g.bias,
                g.variance_low, g.variance_high);
}
std::string line(const OfResiduals& g) {
  return line(static_cast<const OfNormal&>(g)) + format("  |F - Phi| <= %.4f  beyond 3 sigma x [%.2f, %.2f]",
                                                        g.shape.distribution, g.shape.tail_low,
                                                        g.shape.tail_high);
}
std::string line(const OfCounts& g) {
  return format("log E %9.3f of %.1f  |probability error| <= %.4f", g.log_e, g.bar, g.error);
}
std::string line(const OfPValue& g) { return format("p %.4g", g.p); }
std::string line(const OfBound& g) { return format("error / bound %.3g", g.ratio); }

json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}
json members(const OfNormal& g, const char* kind) {
  return {{"grounds", kind},
          {"log_e", number(g.log_e)},
          {"bar", number(g.bar)},
          {"bias", number(g.bias)},
          {"variance", {number(g.variance_low), number(g.variance_high)}}};
}
json members(const std::monostate&) { return {{"grounds", ""}}; }
json members(const OfResiduals& g) {
  json row = members(g, "residuals");
  row["distribution"] = number(g.shape.distribution);
  row["beyond_3_sigma"] = {number(g.shape.tail_low), number(g.shape.tail_high)};
  return row;
}
json members(const OfVectors& g) { return members(g, "vectors"); }
json members(const OfCounts& g) {
  return {
      {"grounds", "counts"}, {"log_e", number(g.log_e)}, {"bar", number(g.bar)}, {"bias", number(g.error)}};
}
json members(const OfPValue& g) { return {{"grounds", "p-value"}, {"p", number(g.p)}}; }
json members(const OfBound& g) { return {{"grounds", "exact"}, {"error_over_bound", number(g.ratio)}}; }

json to_json(const Verdict& v) {
  json row{
      {"kind", "verdict"},           {"claim", v.claim}, {"equation", v.tag},  {"statement", v.statement},
      {"status", to_text(v.status)}, {"n", v.n},         {"detail", v.detail}, {"replay", v.replay}};
  row.update(std::visit([](const auto& grounds) { return members(grounds); }, v.grounds));
  return row;
}

std::string text_of(const Verdict& v) {
  std::string out = format("%-13s %-22s ", to_text(v.status).c_str(), v.claim.c_str());
  if (v.status == Status::not_asked) return out + v.detail + "\n";
  out += format("n %-10.4g ", v.n) +
         std::visit([](const auto& grounds) { return line(grounds); }, v.grounds) + "\n";
  if (!v.detail.empty()) out += "              " + v.detail + "\n";
  if (v.status == Status::pass) return out;
  return out + "              replay: " + v.replay + "\n";
}

/// The claims that saw errors which sampling does not.
std::vector<std::string> compared_exactly(const Judgement& judgement) {
  std::vector<std::string> claims;
  for (const Verdict& verdict : judgement.verdicts) {
    if (verdict.status != Status::pass || !std::holds_alternative<OfBound>(verdict.grounds)) continue;
    // Those two are about behaviour, and hold no number against a bound.
    if (verdict.tag == "Contract" || verdict.tag == "Generator") continue;
    claims.push_back(verdict.claim);
  }
  return claims;
}

std::string in_words(const Judgement& judgement, const std::vector<std::string>& compared) {
  if (compared.empty()) return "No claim was compared exactly in this run.";
  std::string out =
      "Compared exactly, and right to within rounding of " + samplers::dtypes_text(judgement.sampler) + ": ";
  for (const std::string& claim : compared) out += (&claim == &compared.front() ? "" : ", ") + claim;
  const bool sigma =
      judgement.eta == 0 || std::find(compared.begin(), compared.end(), "Eq12.injected") != compared.end();
  return out + (sigma ? "." : "; sigma is in none of these.");
}

std::string text_head(const Judgement& judgement) {
  std::string out = format("%s  tier %s  eta %g  alpha %g (whole run)  beta %g  seed %u  %s\n",
                           judgement.sampler.name.c_str(), judgement.tier.c_str(), judgement.eta,
                           judgement.rates.alpha, judgement.rates.beta, judgement.seed,
                           judgement.noise == Noise::own ? "black box: it draws its own noise"
                                                         : "noise handed in from a stream of its own");
  if (!judgement.sampler.says.empty()) out += "known to be wrong: " + judgement.sampler.says + "\n";
  for (const std::string& note : judgement.notes) out += "note: " + note + "\n";
  return out;
}

std::string text_newest(const Judgement& judgement) { return text_of(judgement.verdicts.back()); }

int count(const Judgement& judgement, Status status) {
  return static_cast<int>(std::count_if(judgement.verdicts.begin(), judgement.verdicts.end(),
                                        [&](const Verdict& v) { return v.status == status; }));
}

std::string text_end(const Judgement& judgement) {
  const std::string out =
      "Sampling bounds an error by what the claim's line certifies; smaller ones show only where numbers are "
      "compared exactly. " +
      in_words(judgement, compared_exactly(judgement)) + "\n" +
      (judgement.step_unjudged() ? "The step itself was not judged: nothing of Eq12 or Eq10 passed.\n" : "");
  return out + format("%s: %d passed, %d failed, %d inconclusive, %d not asked\n",
                      to_text(judgement.status()).c_str(), count(judgement, Status::pass),
                      count(judgement, Status::fail), count(judgement, Status::inconclusive),
                      count(judgement, Status::not_asked));
}

/// A line. What a sampler's name holds that is not UTF-8 is replaced: JSON has no way to say it.
std::string line_of(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string json_head(const Judgement& judgement) {
  return line_of({{"kind", "implementation"},
                  {"sampler", judgement.sampler.name},
                  {"says", judgement.sampler.says},
                  {"tier", judgement.tier},
                  {"alpha", judgement.rates.alpha},
                  {"beta", judgement.rates.beta},
                  {"eta", judgement.eta},
                  {"seed", judgement.seed},
                  {"own_noise", judgement.noise == Noise::own},
                  {"notes", judgement.notes}});
}

std::string json_newest(const Judgement& judgement) { return line_of(to_json(judgement.verdicts.back())); }

std::string json_end(const Judgement& judgement) {
  return line_of({{"kind", "summary"},
                  {"status", to_text(judgement.status())},
                  {"passed", count(judgement, Status::pass)},
                  {"failed", count(judgement, Status::fail)},
                  {"inconclusive", count(judgement, Status::inconclusive)},
                  {"not_asked", count(judgement, Status::not_asked)},
                  {"compared_exactly", compared_exactly(judgement)}});
}

std::string whole(const Format& format, const Judgement& judgement) {
  Judgement so_far = judgement;
  so_far.verdicts.clear();
  std::string out = format.head(so_far);
  for (const Verdict& verdict : judgement.verdicts) {
    so_far.verdicts.push_back(verdict);
    out += format.newest(so_far);
  }
  return out + format.end(judgement);
}

}  // namespace

const Format in_text{text_head, text_newest, text_end};
const Format in_json{json_head, json_newest, json_end};

std::string text(const Judgement& judgement) { return whole(in_text, judgement); }
std::string json(const Judgement& judgement) { return whole(in_json, judgement); }

double Verdict::log_e() const {
  const auto of = [](const auto& g) {
    if constexpr (requires { g.log_e; })
      return g.log_e;
    else
      return 0.0;
  };
  return std::visit(of, grounds);
}

bool Judgement::step_unjudged() const {
  bool asked = false;
  for (const Verdict& verdict : verdicts) {
    if (verdict.tag != "Eq12" && verdict.tag != "Eq10") continue;
    if (verdict.status == Status::pass) return false;
    asked = true;
  }
  return asked;
}

Status Judgement::status() const {
  Status worst = Status::not_asked;
  for (const Verdict& verdict : verdicts) {
    if (verdict.status == Status::fail) return Status::fail;
    if (verdict.status == Status::inconclusive) worst = Status::inconclusive;
    if (verdict.status == Status::pass && worst == Status::not_asked) worst = Status::pass;
  }
  return worst == Status::pass && step_unjudged() ? Status::inconclusive : worst;
}

}  // namespace ddim::statistics
