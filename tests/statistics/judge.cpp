#include "tests/statistics/judge.hpp"

#include <algorithm>
#include <mutex>

#include "tests/samplers/dtype.hpp"
#include "tests/statistics/parallel.hpp"
#include "tests/statistics/sampling.hpp"

namespace ddim::statistics {
namespace {

/// Blocks double from one, so that gross faults cost a handful of draws; n grows by 15 % from look to look.
constexpr double kLookGrowth = 1.15, kFirstLook = 200;
Pace pace_of(const Tier& tier) {
  return {.share = 0.5, .largest = 512, .first_p = tier.first_look, .within_blocks = false};
}

/// Draws of a claim whose residuals rounding moves.
double most_rounded(const Tier& tier) { return 4 * tier.least; }

/// Draws until alpha is reached, the tier's certificate stands, or the tier's most is drawn.
void settle(const Claim& claim, const Context& context, double alpha, double beta, const Tier& tier,
            Verdict& verdict) {
  const auto sampling = Sampling::of(claim, context, alpha);
  const auto ends = [&](Status status) {
    verdict.status = status;
    return 0.0;
  };
  Watch watch(std::min(kFirstLook, tier.most), [&](double n) {
    verdict.n = n = sampling->n();
    switch (sampling->look()) {
      case Sampling::Standing::failed:
        verdict.detail = sampling->explain();
        return ends(Status::fail);
      case Sampling::Standing::passed:
        return ends(Status::pass);
      case Sampling::Standing::open:
        break;
    }
    if (n >= tier.least && certified(sampling->grounds(beta), tier)) return ends(Status::pass);
    if (n >= tier.most && sampling->endless()) return ends(Status::inconclusive);
    return n * kLookGrowth < tier.most || n >= tier.most ? n * kLookGrowth : tier.most;
  });
  sample(*sampling, pace_of(tier), watch);
  verdict.grounds = sampling->grounds(beta);
}

std::string replay_of(const Claim& claim, const Context& context, const Options& options) {
  const std::string seed = std::to_string(options.seed), alpha = to_text(options.rates.alpha);
  if (options.replay_prefix.empty()) {
    return "the same run with options.only = {\"" + claim.id + "\"}; options.tier = Tier::named(\"" +
           options.tier.name + "\"); options.seed = " + seed + "; options.rates.alpha = " + alpha + ";";
  }
  return options.replay_prefix + " --claim " + claim.id + " --tier " + options.tier.name + " --seed " + seed +
         " --eta " + to_text(context.run.eta()) + " --alpha " + alpha;
}

Verdict judge_claim(const Claim& claim, const Context& context, double share, const Options& options,
                    double beta) {
  Verdict verdict{.claim = claim.id,
                  .tag = claim.tag(),
                  .statement = claim.statement,
                  .grounds = {},
                  .detail = claim.obstacle(context),
                  .replay = replay_of(claim, context, options)};
  if (!verdict.detail.empty()) {
    verdict.status = Status::not_asked;
    return verdict;
  }
  const auto ends = [&](Status status, const std::exception& reason) {
    verdict.status = status;
    verdict.detail = reason.what();
  };
  double alpha = options.rates.alpha * share;
  Tier tier = options.tier;
  if (context.rounding->matters()) {
    alpha = alpha_before_rounding(alpha);
    tier.most = std::min(tier.most, most_rounded(tier));
  }
  blaming([&] { settle(claim, context, alpha, beta, tier, verdict); },
          [&](const std::exception& reason) {
            const bool undecided = dynamic_cast<const Undecided*>(&reason) != nullptr;
            ends(undecided ? Status::inconclusive : Status::not_asked, reason);
          },
          [&](const std::exception& error) { ends(Status::fail, error); });
  if (claim.left_out && verdict.detail.empty()) verdict.detail = claim.left_out(context);
  return verdict;
}

/// Places of those of `only`, or of all.
std::vector<std::size_t> chosen(const std::vector<Claim>& all, const std::vector<std::string>& only) {
  std::vector<std::size_t> places;
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& name) {
          return name == all[k].id || name == all[k].tag();
        })) {
      places.push_back(k);
    }
  }
  if (places.empty()) throw DomainError("claim", only.front(), "the ids and tags of this suite's claims");
  return places;
}

void require_rate(const char* name, double rate) {
  if (!(rate > 0 && rate < 1)) throw DomainError(name, rate, "0 < " + std::string(name) + " < 1");
}

/// Who answers on this run: its dtype may be the run's.
samplers::Identity identity_of(const Sampler& sampler, const Run& run, const std::string& dtype) {
  samplers::Identity identity = sampler.identity;
  if (sampler.prepare) {
    if (const auto prepared = samplers::ask(sampler.prepare, run)) identity = *prepared;
  }
  if (!dtype.empty()) return samplers::Dtypes::named(dtype).of(std::move(identity));
  return samplers::with_dtypes_found(sampler, run, std::move(identity));
}

}  // namespace

Judgement judge(const Sampler& sampler, const Run& run, const Options& options) {
  require_rate("alpha", options.rates.alpha);
  require_rate("beta", options.rates.beta);
  const std::vector<Claim> all = claims(run);
  const samplers::Identity identity = identity_of(sampler, run, options.dtype);
  const double roundoff = identity.output_roundoff();
  const Context context{
      sampler,
      run,
      options.instruments,
      options.seed,
      options.noise.value_or(default_noise(sampler)),
      roundoff,
      std::make_shared<const Rounding>(sampler, roundoff, samplers::unit_roundoff(identity.dtype)),
      kEnergy / std::sqrt(most_rounded(options.tier))};
  if (!(context.unit_roundoff <= options.tier.roundoff)) {
    throw DomainError("the outputs' unit roundoff", context.unit_roundoff,
                      "unit roundoff <= " + to_text(options.tier.roundoff) + " for tier " +
                          options.tier.name + " (so many draws show a coarser grid; --tier quick does not)");
  }
  const std::vector<double> share = shares(all, context);
  const std::vector<std::size_t> places = chosen(all, options.only);
  const double beta = options.rates.beta / static_cast<double>(all.size());
  Judgement judgement{identity, options.tier.name, options.rates, run.eta(), options.seed, context.noise, {}};
  judgement.notes = options.notes;

  // A worker takes whole claims: the sums of a claim are always made in one order.
  std::vector<std::optional<Verdict>> made(places.size());
  std::mutex reporting;
  in_parallel(places.size(), sampler.concurrent ? options.threads : 1, [&](std::size_t place) {
    const std::size_t k = places[place];
    Verdict verdict = judge_claim(all[k], context, share[k], options, beta);
    const std::lock_guard lock(reporting);
    made[place] = std::move(verdict);
    for (std::size_t next; (next = judgement.verdicts.size()) < made.size() && made[next];) {
      judgement.verdicts.push_back(*made[next]);
      if (options.progress) options.progress(judgement);
    }
  });
  return judgement;
}

}  // namespace ddim::statistics
