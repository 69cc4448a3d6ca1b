// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** A report as JSON: the facts of the machine, and every sample with its limit. */
public final class Json {
  private Json() {}

  /** Writes a report. */
  public static String of(Map<String, String> facts, Report report) {
    String machine =
        facts.entrySet().stream()
            .map(fact -> quote(fact.getKey()) + ": " + quote(fact.getValue()))
            .collect(Collectors.joining(", "));
    String figures =
        report.series().stream().map(Json::series).collect(Collectors.joining(",\n    "));
    return "{\n  \"machine\": {" + machine + "},\n  \"figures\": [\n    " + figures + "\n  ]\n}\n";
  }

  private static String series(Series s) {
    return "{\"group\": "
        + quote(s.group())
        + ", \"name\": "
        + quote(s.name())
        + ", \"unit\": "
        + quote(s.unit().symbol())
        + ", \"values\": "
        + numbers(s.values())
        + ", \"limits\": "
        + numbers(s.limits())
        + "}";
  }

  private static String numbers(List<Double> values) {
    return values.stream()
        .map(v -> Double.isFinite(v) ? String.format(Locale.ROOT, "%.6g", v) : "null")
        .collect(Collectors.joining(", ", "[", "]"));
  }

  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
