#include "tests/conformance/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

namespace ddim::conformance {
namespace {

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string decimal_and_hex(double value) {
  return format("%.17g", value) + " (" + format("%a", value) + ")";
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

void print_failure(std::ostream& out, const Row& row) {
  if (!row.message.empty()) out << "       " << row.message << "\n";
  if (row.wrong) {
    const Wrong& wrong = *row.wrong;
    out << "       first wrong: " << wrong.where << "\n"
        << "         got  " << decimal_and_hex(wrong.got) << "\n"
        << "         want " << decimal_and_hex(wrong.want) << "\n"
        << "         off by " << format("%.3g", wrong.ulps) << " ulps, err/bound "
        << format("%.3g", wrong.ratio) << "\n";
  }
  if (!row.causes.empty()) {
    out << "       "
        << (row.explained ? "cause: " : "nearest known cause, which does not explain all of it: ")
        << cause_text(row) << "\n";
  } else if (row.status == Status::fail) {
    out << "       cause: none of the known ones\n";
  }
  if (!row.note.empty()) out << "       note: " << row.note << "\n";
  out << "       again: " << row.reproduce << "\n";
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

}  // namespace

void print(std::ostream& out, const CheckReport& report) {
  out << report.locator << ": " << report.identity.name << " " << report.identity.version << " ("
      << report.identity.language << ", " << report.identity.dtype << "), " << report.config_path
      << ", dialect " << report.dialect << "\n"
      << (report.identity.says.empty() ? "" : "known to be wrong: " + report.identity.says + "\n");
  for (const std::string& note : report.notes) out << "note: " << note << "\n";
  out << "\n";
  std::set<std::string> notes;  // each is printed once
  for (const Row& row : report.rows) {
    char head[32];
    std::snprintf(head, sizeof head, "%4d  %-13s ", row.id, to_text(row.status).c_str());
    out << head << row.title;
    const bool repeated = !row.note.empty() && !notes.insert(row.note).second;
    if (row.follows) {
      out << "  (follows from " << *row.follows << (row.explained ? ": " + row.causes[0].says : "") << ")\n";
      if (row.wrong && !repeated && !row.note.empty()) {
        out << "       first wrong: " << row.wrong->where << "\n       note: " << row.note << "\n";
      }
      continue;
    }
    if (row.status == Status::pass) {
      out << "  [" << row.compared << (row.compared == 1 ? " number" : " numbers")
          << ", err/bound <= " << format("%.2g", row.ratio) << "]\n";
      if (!row.note.empty() && !repeated) out << "       note: " << row.note << "\n";
      continue;
    }
    out << "\n";
    if (row.status == Status::fail) {
      print_failure(out, row);
    } else {
      out << "       " << row.message << "\n";
      if (!row.note.empty()) out << "       note: " << row.note << "\n";
      if (row.status != Status::not_supplied && row.status != Status::unsupported) {
        out << "       again: " << row.reproduce << "\n";
      }
    }
  }
  out << "\n" << report.rows.size() << " rows:";
  for (const auto& [status, count] : counts(report)) out << " " << count << " " << status << ";";
  std::map<std::string, int> causes;
  for (const Row& row : report.rows) {
    if (row.status == Status::fail && row.explained) ++causes[row.causes[0].says];
  }
  for (const auto& [cause, count] : causes)
    out << "\n  " << count << (count == 1 ? " failure" : " failures") << " by: " << cause;
  for (const std::string& line : conclusions(report)) out << "\n  " << line;
  out << "\n";
}

void print_json(std::ostream& out, const CheckReport& report) {
  using nlohmann::json;
  out << json{{"kind", "implementation"},
              {"locator", report.locator},
              {"name", report.identity.name},
              {"version", report.identity.version},
              {"language", report.identity.language},
              {"dtype", report.identity.dtype},
              {"config", report.config_path},
              {"dialect", report.dialect},
              {"notes", report.notes}}
      << "\n";
  for (const Row& row : report.rows) {
    json line = {{"kind", "row"},
                 {"id", row.id},
                 {"equation", row.equation},
                 {"title", row.title},
                 {"status", to_text(row.status)},
                 {"compared", row.compared},
                 {"err_over_bound", number(row.ratio)},
                 {"reproduce", row.reproduce}};
    if (!row.message.empty()) line["message"] = row.message;
    if (!row.note.empty()) line["note"] = row.note;
    if (row.follows) line["follows"] = *row.follows;
    if (row.wrong) {
      line["first_wrong"] = {{"where", row.wrong->where},
                             {"got", number(row.wrong->got)},
                             {"got_hex", format("%a", row.wrong->got)},
                             {"want", number(row.wrong->want)},
                             {"want_hex", format("%a", row.wrong->want)},
                             {"bound", number(row.wrong->bound)},
                             {"err_over_bound", number(row.wrong->ratio)},
                             {"ulps", number(row.wrong->ulps)}};
    }
    if (!row.causes.empty()) {
      line["explained"] = row.explained;
      for (const Cause& cause : row.causes) {
        line["causes"].push_back(
            {{"name", cause.name}, {"description", cause.says}, {"distance", number(cause.distance)}});
      }
    }
    out << line << "\n";
  }
  out << json{{"kind", "summary"},
              {"rows", report.rows.size()},
              {"counts", counts(report)},
              {"conclusions", conclusions(report)},
              {"exit_code", static_cast<int>(exit_code(report))}}
      << "\n";
}

}  // namespace ddim::conformance
