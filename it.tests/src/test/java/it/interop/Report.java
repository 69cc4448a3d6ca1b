// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What came of the cases, as a table; in its file after each, should the run be ended early. */
final class Report {
  private record Row(String wire, Case tried, String result, String detail, double seconds) {}

  private final List<Row> rows = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final Path file;
  private int failed;

  Report(Path file) throws InteropException {
    this.file = file;
    write();
  }

  void passed(String wire, Case tried, String detail, double seconds) throws InteropException {
    add(wire, tried, "pass", detail, seconds);
  }

  void failed(String wire, Case tried, String detail, double seconds) throws InteropException {
    failed++;
    add(wire, tried, "FAIL", detail, seconds);
  }

  void skipped(String wire, Case tried, String why) throws InteropException {
    add(wire, tried, "skip", why, 0);
  }

  private void add(String wire, Case tried, String result, String detail, double seconds)
      throws InteropException {
    String words = detail.strip().replaceAll("\\s+", " ");
    rows.add(new Row(wire, tried, result, words, seconds));
    System.out.printf(
        Locale.ROOT, "%-4s %5.1f s  %s: %s  %s%n", result, seconds, wire, tried.name(), words);
    System.out.flush();
    write();
  }

  /** Something that concerns all cases. */
  void note(String text) throws InteropException {
    notes.add(text);
    write();
    System.out.println("interop: " + text);
  }

  int failures() {
    return failed;
  }

  /** In one line. */
  String summary() {
    long passed = rows.stream().filter(row -> row.result().equals("pass")).count();
    return rows.size()
        + " cases: "
        + passed
        + " passed, "
        + failed
        + " failed, "
        + (rows.size() - passed - failed)
        + " skipped";
  }

  private void write() throws InteropException {
    StringBuilder text = new StringBuilder();
    for (String note : notes) {
      text.append(note).append("\n\n");
    }
    text.append(summary()).append("\n\n");
    text.append("| wire | role | operation | size | MTU | fault | result | seconds | |\n");
    text.append("|---|---|---|---|---|---|---|---|---|\n");
    for (Row row : rows) {
      Case tried = row.tried();
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %d | %s | %s | %.1f | %s |%n",
              row.wire(),
              tried.role(),
              tried.operation(),
              tried.size(),
              tried.mtuBytes(),
              tried.faults(),
              row.result(),
              row.seconds(),
              row.detail().replace("|", "\\|")));
    }
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new InteropException("can't write the report: " + e, e);
    }
  }
}
