#include "tests/conformance/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/samplers/printable.hpp"

namespace ddim::conformance {
namespace {

using samplers::printable;

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string decimal_and_hex(double value) {
  return format("%.17g", value) + " (" + format("%a", value) + ")";
}

const std::string kIndent(7, ' ');

std::string head_of(const Row& row) {
  char head[32];
  std::snprintf(head, sizeof head, "%4d  %-13s ", row.id, to_text(row.status).c_str());
  return head + row.title;
}

std::string cause_text(const Row& row) {
  const Cause& first = row.causes.front();
  std::string text =
      first.says + " [" + first.name + "]: matches your numbers to " + format("%.1g", first.distance);
  if (row.causes.size() > 1) {
    const Cause& second = row.causes[1];
    text += "; runner-up " + second.name + " " + format("%.1g", second.distance);
  }
  return text;
}

/// What can be said of a failure only when all rows are known.
std::string failure(const Row& row) {
  std::string out = "\n" + head_of(row) + "\n";
  const auto say = [&out](const std::string& what) { out.append(kIndent).append(what).append("\n"); };
  if (!row.message.empty()) say(row.message);
  if (row.wrong) {
    const Wrong& wrong = *row.wrong;
    say("first wrong: " + wrong.where);
    say("  got  " + decimal_and_hex(wrong.got));
    say("  want " + decimal_and_hex(wrong.want));
    say("  off by " + format("%.3g", wrong.ulps) + " ulps, err/bound " + format("%.3g", wrong.ratio));
  }
  if (row.causes.empty()) {
    say("cause: none of the known ones");
  } else {
    say((row.explained ? "cause: " : "nearest known cause, which does not explain all of it: ") +
        cause_text(row));
  }
  if (!row.note.empty()) say("note: " + row.note);
  say("again: " + row.reproduce);
  return out;
}

/// The rows whose failure follows from this one, with what they alone say.
std::string followers(const CheckReport& report, const Row& first) {
  std::string rows, said;
  std::set<std::string> notes{first.note};
  for (const Row& row : report.rows) {
    if (row.follows != first.id) continue;
    rows += (rows.empty() ? "" : ", ") + std::to_string(row.id);
    if (row.wrong && !row.note.empty() && notes.insert(row.note).second)
      said += kIndent + "  " + std::to_string(row.id) + ": " + row.wrong->where + "; " + row.note + "\n";
  }
  return rows.empty() ? "" : kIndent + "follow from it: " + rows + "\n" + said;
}

std::map<std::string, int> counts(const CheckReport& report) {
  std::map<std::string, int> result;
  for (const Row& row : report.rows) ++result[to_text(row.status)];
  return result;
}

/// What was not judged, each once: the sampler's own noise never is.
std::string not_judged(const CheckReport& report) {
  std::vector<std::string> what;
  const auto add = [&](const std::string& one) {
    if (std::find(what.begin(), what.end(), one) == what.end()) what.push_back(one);
  };
  for (const Row& row : report.rows) {
    if (row.status == Status::not_supplied || row.status == Status::unsupported)
      add(row.equation + " (" + row.message + ")");
  }
  add("the noise that it draws itself, which `ddim-verify stats` judges");
  std::string text;
  for (const std::string& one : what) text += (text.empty() ? "" : "; ") + one;
  return "not judged: " + text;
}

std::vector<std::string> conclusions(const CheckReport& report) {
  std::vector<std::string> lines;
  for (const std::string& dialect : report.conforms_to) {
    lines.push_back("every step conforms to dialect " + dialect + ": try --dialect " + dialect);
  }
  if (!judged_a_step(report)) lines.push_back("no step was judged (Eq12 or Eq10), so this is no pass");
  lines.push_back(not_judged(report));
  return lines;
}

nlohmann::json number(double value) {
  // JSON has no NaN or infinity.
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/// A line. What a path or a locator holds that is not UTF-8 is replaced: JSON has no way to say it.
std::string line(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string text_head(const CheckReport& report) {
  const samplers::Identity& who = report.identity;
  return printable(report.locator) + ": " + who.name + " " + who.version + " (" + who.language + ", " +
         samplers::dtypes_text(who) + "), " + printable(report.config_path) + ", dialect " + report.dialect +
         "\n" + (who.says.empty() ? "" : "known to be wrong: " + who.says + "\n") + "\n";
}

std::string text_newest(const CheckReport& report) {
  const Row& row = report.rows.back();
  std::string out = head_of(row);
  if (row.status == Status::pass) {
    out += "  [" + std::to_string(row.compared) + (row.compared == 1 ? " number" : " numbers") +
           ", err/bound <= " + format("%.2g", row.ratio) + "]";
  } else if (row.wrong) {
    out += "  [err/bound " + format("%.2g", row.wrong->ratio) + " at " + row.wrong->where + "]";
  }
  out += "\n";
  if (row.wrong && row.status == Status::fail) return out;  // the rest once its cause is known
  if (!row.message.empty()) out += kIndent + row.message + "\n";
  const bool said = std::any_of(report.rows.begin(), report.rows.end() - 1,
                                [&](const Row& earlier) { return earlier.note == row.note; });
  if (!row.note.empty() && !said) out += kIndent + "note: " + row.note + "\n";
  const bool again = row.status == Status::inconclusive || row.status == Status::crash ||
                     row.status == Status::time_out || row.status == Status::harness_error;
  return again ? out + kIndent + "again: " + row.reproduce + "\n" : out;
}

std::string text_end(const CheckReport& report) {
  std::string out;
  for (const Row& row : report.rows) {
    if (row.status == Status::fail && !row.follows) out += failure(row) + followers(report, row);
  }
  out += "\n" + std::to_string(report.rows.size()) + " rows:";
  for (const auto& [status, count] : counts(report)) out += " " + std::to_string(count) + " " + status + ";";
  std::map<std::string, int> causes;
  for (const Row& row : report.rows) {
    if (row.status == Status::fail && row.explained) ++causes[row.causes[0].says];
  }
  for (const auto& [cause, count] : causes)
    out += "\n  " + std::to_string(count) + (count == 1 ? " failure" : " failures") + " by: " + cause;
  for (const std::string& line : conclusions(report)) out += "\n  " + line;
  for (const std::string& note : report.notes) out += "\n  note: " + note;
  return out + "\nend of the report: exit code " + std::to_string(exit_code(report)) + "\n";
}

std::string json_head(const CheckReport& report) {
  return line({{"kind", "implementation"},
               {"locator", report.locator},
               {"name", report.identity.name},
               {"version", report.identity.version},
               {"language", report.identity.language},
               {"dtype", report.identity.dtype},
               {"config", report.config_path},
               {"dialect", report.dialect}});
}

std::string json_newest(const CheckReport& report) {
  const Row& row = report.rows.back();
  nlohmann::json object = {{"kind", "row"},
                           {"id", row.id},
                           {"equation", row.equation},
                           {"title", row.title},
                           {"status", to_text(row.status)},
                           {"compared", row.compared},
                           {"err_over_bound", number(row.ratio)},
                           {"reproduce", row.reproduce}};
  if (!row.message.empty()) object["message"] = row.message;
  if (!row.note.empty()) object["note"] = row.note;
  if (row.wrong) {
    object["first_wrong"] = {{"where", row.wrong->where},
                             {"got", number(row.wrong->got)},
                             {"got_hex", format("%a", row.wrong->got)},
                             {"want", number(row.wrong->want)},
                             {"want_hex", format("%a", row.wrong->want)},
                             {"bound", number(row.wrong->bound)},
                             {"err_over_bound", number(row.wrong->ratio)},
                             {"ulps", number(row.wrong->ulps)}};
  }
  return line(object);
}

std::string json_end(const CheckReport& report) {
  std::string out;
  for (const Row& row : report.rows) {
    if (row.causes.empty() && !row.follows) continue;
    nlohmann::json object = {{"kind", "explanation"}, {"row", row.id}, {"explained", row.explained}};
    object["causes"] = nlohmann::json::array();
    if (row.follows) object["follows"] = *row.follows;
    for (const Cause& cause : row.causes) {
      object["causes"].push_back(
          {{"name", cause.name}, {"description", cause.says}, {"distance", number(cause.distance)}});
    }
    out += line(object);
  }
  return out + line({{"kind", "summary"},
                     {"rows", report.rows.size()},
                     {"counts", counts(report)},
                     {"conclusions", conclusions(report)},
                     {"notes", report.notes},
                     {"exit_code", static_cast<int>(exit_code(report))}});
}

}  // namespace

const Format in_text{text_head, text_newest, text_end};
const Format in_json{json_head, json_newest, json_end};

}  // namespace ddim::conformance
